"""The stage: tables in and out, counts, and that a lossy engine is caught."""

from __future__ import annotations

import pyarrow as pa
import pytest

from zhprep.core import schema
from zhprep.core.errors import DataError, UsageError
from zhprep.core.report import Account
from zhprep.segment import Cuts, SegmentConfig, build, load_engine
from zhprep.segment.cuts import from_column

DOCUMENTS = [("a.txt:1", ["使用语言模型", "预测下一个词"]), ("a.txt:2", []), ("a.txt:3", ["GPT-4 很强。"])]


def text_batch(documents: list[tuple[str, list[str]]]) -> pa.RecordBatch:
    names, sentences = zip(*documents, strict=True)
    return pa.RecordBatch.from_pydict({"doc": list(names), "sentences": list(sentences)}, schema=schema.TEXT)


def run(cws: str, batch: pa.RecordBatch) -> tuple[pa.RecordBatch, Account]:
    account = Account()
    return build(SegmentConfig(cws=cws))(batch, account), account


def words(batch: pa.RecordBatch) -> list[list[str]]:
    rows = []
    for sentences, ends in zip(batch["sentences"].to_pylist(), batch["ends"].to_pylist(), strict=True):
        for text, places in zip(sentences, ends, strict=True):
            rows.append([text[a:b] for a, b in zip([0, *places], places, strict=False)])
    return rows


class Drops:
    """Loses the character 了, as segmenters that clean their input do."""

    name = "drops"

    def __init__(self, config: SegmentConfig) -> None:
        del config

    def fingerprint(self) -> str:
        return "drops 1"

    def cut(self, sentences: list[str]) -> list[list[str]]:
        return [[word for word in sentence if word != "了"] for sentence in sentences]


class Swaps(Drops):
    name = "swaps"

    def cut(self, sentences: list[str]) -> list[list[str]]:
        return [[sentence.replace("“", '"')] for sentence in sentences]


class Forgets(Drops):
    name = "forgets"

    def cut(self, sentences: list[str]) -> list[list[str]]:
        return [[sentence] for sentence in sentences[:-1]]


class ShortEnds(Drops):
    name = "short-ends"

    def ends(self, sentences: pa.Array) -> Cuts:
        good = load_engine(SegmentConfig(cws="characters")).ends(sentences)  # type: ignore[attr-defined]
        offsets = good.offsets.copy()
        offsets[-1] -= 1
        return Cuts(offsets, good.ends[:-1])


class EmptyWord(Drops):
    name = "empty-word"

    def cut(self, sentences: list[str]) -> list[list[str]]:
        return [[sentence, ""] for sentence in sentences]


def test_words_table_with_counts() -> None:
    batch, account = run("characters", text_batch(DOCUMENTS))
    assert batch.schema.equals(schema.WORDS, check_metadata=True)
    batch.validate(full=True)
    assert batch["ends"].to_pylist() == [[[1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]], [], [[1, 2, 3, 4, 5, 6, 7, 8, 9]]]
    assert account.counts == {"sentences": 3, "characters": 21, "words": 21}


def test_slice_of_a_batch_gives_the_slice_of_the_words() -> None:
    whole = text_batch([*DOCUMENTS, ("a.txt:4", ["研究生命的起源", "完"])])
    full, _ = run("jieba", whole)
    for start, stop in ((1, 4), (2, 3), (3, 4), (1, 2)):
        part, _ = run("jieba", whole.slice(start, stop - start))
        assert part.to_pydict() == full.slice(start, stop - start).to_pydict()


def test_column_of_words_is_read_back() -> None:
    batch, _ = run("jieba", text_batch([*DOCUMENTS, ("a.txt:4", ["研究生命的起源", "", "完"])]))
    for start in range(4):
        cuts = from_column(batch.slice(start)["ends"])
        rows = [places for row in batch["ends"].to_pylist()[start:] for places in row]
        bounds = cuts.offsets.tolist()
        assert [cuts.ends[bounds[i] : bounds[i + 1]].tolist() for i in range(len(bounds) - 1)] == rows


def test_presegmented_gives_plain_sentences() -> None:
    batch, account = run("presegmented", text_batch([("x", ["我 爱 ▁ GPT-4", "a▁b \\▁"])]))
    assert batch["sentences"].to_pylist() == [["我爱 GPT-4", "a b▁"]]
    assert words(batch) == [["我", "爱", " ", "GPT-4"], ["a b", "▁"]]
    assert account.counts["characters"] == 12


def test_empty_batch_and_empty_sentence() -> None:
    for cws in ("jieba", "characters"):
        batch, account = run(cws, text_batch([("x", []), ("y", ["", "好", ""])]))
        assert batch["ends"].to_pylist() == [[], [[], [1], []]]
        assert account.counts["words"] == 1
        assert run(cws, text_batch([("x", [])]))[0].num_rows == 1


@pytest.mark.parametrize("engine", ["Drops", "Swaps", "Forgets", "ShortEnds", "EmptyWord"])
def test_lossy_engine_is_a_data_error_that_says_where(engine: str) -> None:
    batch = text_batch([("a.txt:1", ["好"]), ("b.txt:7", ["很好", "他“来”了"])])
    with pytest.raises(DataError) as caught:
        run(f"{__name__}:{engine}", batch)
    message = str(caught.value)
    name = globals()[engine].name
    assert name in message
    if engine == "EmptyWord":
        assert "'a.txt:1', sentence 1" in message
    else:
        assert "'b.txt:7', sentence 2" in message
        assert "他“来”了" in message


def test_loss_is_found_in_a_sliced_batch_too() -> None:
    batch = text_batch([("a.txt:1", ["好", "行"]), ("b.txt:7", ["很好", "他来了"])]).slice(1)
    with pytest.raises(DataError, match=r"'b\.txt:7', sentence 2"):
        run(f"{__name__}:Drops", batch)


def test_engine_by_module_path_and_unknown_names() -> None:
    assert load_engine(SegmentConfig(cws=f"{__name__}:Drops")).fingerprint() == "drops 1"
    with pytest.raises(UsageError) as caught:
        load_engine(SegmentConfig(cws="jeiba"))
    assert "'jieba'" in caught.value.hint
    with pytest.raises(UsageError, match="cannot import"):
        load_engine(SegmentConfig(cws="no_such_package:Engine"))
