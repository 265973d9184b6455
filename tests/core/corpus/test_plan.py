"""Blocks depend on the inputs and the block size alone, and stay where they are when the text is cleaned."""

from __future__ import annotations

import json
import random
import shutil
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_reader import COMPRESS, DOCUMENTS, corpus_of, jsonl_of, lines_of, text_of, write_arrow, write_parquet

from zhprep.core import schema
from zhprep.core.corpus import plan
from zhprep.core.corpus.formats import row_weights, weigh
from zhprep.core.errors import DataError


def made_documents(n: int, seed: int = 7) -> list[list[str]]:
    draw = random.Random(seed)
    words = [
        "研究",
        "GPT-4",
        "３Ｄ",
        "，",
        "。",
        "我们",
        "因此",
        "——",
        "2024",
        "中华人民共和国",
        "T恤",
        "「",
        "」",
        "é",
    ]
    return [["".join(draw.choices(words, k=draw.randint(1, 30))) for _ in range(draw.randint(1, 8))] for _ in range(n)]


def blocks(corpus: plan.Corpus) -> list[int]:
    return [sum(piece.documents for piece in block.pieces) for block in corpus.blocks]


def test_a_plan_is_made_of_names_and_hashes(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    for folder in ("here", "there"):
        (tmp_path / folder / "x.txt.gz").write_bytes(COMPRESS[".gz"](text_of(DOCUMENTS)))
        shutil.copystat(tmp_path / "here" / "x.txt.gz", tmp_path / folder / "x.txt.gz")
    (tmp_path / "there" / "x.txt.gz").write_bytes((tmp_path / "here" / "x.txt.gz").read_bytes())
    plans = [corpus_of(tmp_path / folder / "x.txt.gz", block_size=10).as_dict() for folder in ("here", "there")]
    assert plans[0] == plans[1]
    assert str(tmp_path) not in json.dumps(plans)
    assert json.loads(json.dumps(plans[0])) == plans[0]


@pytest.mark.parametrize("block_size", [1, 100, 1000, 10_000, None])
def test_blocks_are_consecutive_and_hold_everything(tmp_path: Path, block_size: int | None) -> None:
    documents = made_documents(300)
    for i, part in enumerate((documents[:100], documents[100:101], documents[101:])):
        (tmp_path / f"{i}.txt").write_bytes(text_of(part))
    corpus = corpus_of(tmp_path, block_size=block_size)
    assert lines_of(corpus) == documents
    pieces = [piece for block in corpus.blocks for piece in block.pieces]
    for before, after in pairwise(pieces):
        same = after.input == before.input
        assert (after.start, after.first_document, after.first_line) == (
            (before.stop, before.first_document + before.documents, before.first_line + before.lines)
            if same
            else (0, 0, 0)
        )
    if block_size is not None:
        heavy = [block.weight >= block_size for block in corpus.blocks]
        assert all(heavy[:-1])
        least = [block.weight - block.pieces[-1].weight < block_size for block in corpus.blocks]
        assert all(least)


@pytest.mark.parametrize("size", [1, 3, 6, 37, 200, 1000])
def test_a_piece_ends_at_the_first_document_past_its_size(tmp_path: Path, size: int) -> None:
    documents = [*made_documents(120), *([["字"]] * 20)]
    (tmp_path / "x.txt").write_bytes(text_of(documents))
    expected, held, weight = [], 0, 0
    for document in documents:
        if weight >= size:
            expected.append(held)
            held, weight = 0, 0
        held += 1
        weight += sum(weight_of(line) for line in document)
    assert blocks(corpus_of(tmp_path / "x.txt", block_size=size)) == [*expected, held]


def test_a_small_corpus_still_has_blocks_for_every_core(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "FINE_PIECE", 1 << 9)
    monkeypatch.setattr(plan, "DEFAULT_BLOCK", 1 << 16)
    for n, least, most in ((10, 1, 16), (700, 16, 40), (3000, 16, 40)):
        (tmp_path / "x.txt").write_bytes(text_of(made_documents(n)))
        assert least <= len(corpus_of(tmp_path / "x.txt").blocks) <= most


def test_the_plan_of_a_large_file_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "FINE_PIECE", 1 << 5)
    monkeypatch.setattr(plan, "DEFAULT_BLOCK", 1 << 10)
    from zhprep.core.corpus.inputs import streams

    monkeypatch.setattr(streams, "CHUNK", 1 << 10)
    (tmp_path / "x.txt").write_bytes(text_of(made_documents(700)))
    corpus = corpus_of(tmp_path / "x.txt")
    n_pieces = sum(len(block.pieces) for block in corpus.blocks)
    weight = sum(block.weight for block in corpus.blocks)
    assert weight > 60 << 10
    assert n_pieces < (16 << 10 >> 5) + (weight >> 10)
    assert lines_of(corpus) == made_documents(700)


def test_every_format_is_cut_in_the_same_places(tmp_path: Path) -> None:
    documents = made_documents(400)
    (tmp_path / "a.txt").write_bytes(text_of(documents))
    (tmp_path / "a.jsonl.zst").write_bytes(COMPRESS[".zst"](jsonl_of(documents)))
    write_parquet(tmp_path / "a.parquet", documents, row_group_size=37)
    ours = pa.table([["x"] * len(documents), documents], schema=schema.TEXT)
    write_arrow(tmp_path / "a.arrow", ours, stream=True, rows=23)
    cut = {path.name: blocks(corpus_of(path, block_size=2000)) for path in sorted(tmp_path.iterdir())}
    assert len(cut["a.txt"]) > 10
    assert cut["a.txt"] == cut["a.parquet"] == cut["a.arrow"]  # json has more letters: its keys


def as_words(line: str, draw: random.Random) -> str:
    written = line.replace("\\", "\\\\").replace("▁", "\\▁").replace(" ", "▁")
    return "".join(c + (" " if draw.random() < 0.4 else "") for c in written).strip()


LINES = st.text(st.characters(exclude_characters="\n\r", exclude_categories=("Cs",)), min_size=1, max_size=30)


def weight_of(text: str) -> int:
    import numpy as np

    data = text.encode()
    return int(weigh(data, np.array([0]), np.array([len(data)]))[0])


@given(
    st.text("一二三四五六七八九十甲乙丙丁戊己庚辛，。、「」Ａａ１xyz 0▁\\—…é", min_size=1, max_size=60), st.randoms()
)
def test_a_line_weighs_the_same_as_words(line: str, draw: random.Random) -> None:
    if weight_of(line) * 4 > len(line.encode()):  # not of symbols alone, which weigh by their bytes
        assert weight_of(as_words(line, draw)) == weight_of(line)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("Ａｂｃ１２３中文", "Abc123中文"),
        ("e\u0301中文", "é中文"),
        ("中\u200b文\u3000字\ufeff", "中文字"),
        ("\uf900豈中", "豈豈中"),
    ],
)
def test_cleaning_does_not_change_the_weight(raw: str, clean: str) -> None:
    assert weight_of(raw) == weight_of(clean)


def test_weights_are_of_letters() -> None:
    assert [weight_of(c) for c in ("中", "𠮷", "a", "9", "あ", "한", "é", "я", "，", " ", "\u3000", "▁", "—")] == [
        3, 3, 1, 1, 3, 3, 1, 1, 0, 0, 0, 0, 0,
    ]  # fmt: skip


@given(st.lists(st.lists(LINES, max_size=5), min_size=1, max_size=8))
def test_a_row_weighs_what_its_lines_weigh(documents: list[list[str]]) -> None:
    batch = pa.record_batch([["x"] * len(documents), documents], schema=schema.TEXT)
    assert row_weights(batch).tolist() == [sum(weight_of(line) for line in d) for d in documents]
    assert row_weights(batch.slice(1)).tolist() == [sum(weight_of(line) for line in d) for d in documents[1:]]


def test_blocks_stay_where_they_are_from_raw_to_words(tmp_path: Path) -> None:
    draw = random.Random(3)
    documents = made_documents(500)
    (tmp_path / "raw.txt").write_bytes(text_of([[f"\u3000\u3000{line} \u200b" for line in d] for d in documents]))
    (tmp_path / "words.txt").write_bytes(text_of([[as_words(line, draw) for line in d] for d in documents]))
    assert blocks(corpus_of(tmp_path / "raw.txt", block_size=3000)) == blocks(
        corpus_of(tmp_path / "words.txt", block_size=3000)
    )
    assert blocks(corpus_of(tmp_path / "raw.txt")) == blocks(corpus_of(tmp_path / "words.txt"))


def test_words_are_told_from_text_and_not_mixed_with_it(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("春天 来 了 。\n山上 的 雪 化 了 ， 河水 涨 起来 了 。\n", encoding="utf-8")
    (tmp_path / "text.txt").write_text("春天来了。\n", encoding="utf-8")
    (tmp_path / "empty.txt").write_text("\n\n", encoding="utf-8")
    assert corpus_of(tmp_path / "words.txt").table == "words"
    assert corpus_of(tmp_path / "text.txt").table == "text"
    assert corpus_of(tmp_path / "words.txt", form="text").table == "text"
    assert corpus_of(tmp_path / "empty.txt", tmp_path / "words.txt").table == "words"
    with pytest.raises(DataError, match=r"the inputs hold different tables \(text, words\)"):
        corpus_of(tmp_path / "words.txt", tmp_path / "text.txt")
