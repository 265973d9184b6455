"""What every type of vocabulary must do."""

from __future__ import annotations

import dataclasses
import pkgutil
import random
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_text import LINES, TEXT, ends_of, made_words, text_batch, word_batch
from same_ids import as_text, assert_same, library_of
from tokenizers import Tokenizer

from zhprep import vocab
from zhprep.core.errors import UsageError
from zhprep.vocab import TYPES, Counts, Encoder, VocabConfig, Vocabulary, is_ideograph, types
from zhprep.vocab.inspect import dead_entries

CASES = [
    (kind, by_word)
    for kind, part in TYPES.items()
    for by_word in (False, True)
    if by_word or part.by_word != "required"
]
SIZE = 420


def config_of(kind: str, **settings: object) -> VocabConfig:
    return VocabConfig(**{"type": kind, "size": SIZE, "min_frequency": 1, **settings})  # type: ignore[arg-type]


def counts_of(kind: str, by_word: bool) -> Counts:
    batch = word_batch(made_words()) if by_word else text_batch(LINES)
    return vocab.count(batch, config_of(kind))


@pytest.fixture(
    scope="module", params=CASES, ids=[f"{kind}-{'words' if by_word else 'text'}" for kind, by_word in CASES]
)
def case(request: pytest.FixtureRequest) -> tuple[str, bool]:
    kind, by_word = request.param
    if kind == "unigram":
        pytest.importorskip("sentencepiece")
    return kind, by_word


@pytest.fixture(scope="module")
def vocabulary(case: tuple[str, bool]) -> Vocabulary:
    return vocab.train(counts_of(*case), config_of(case[0]))


@pytest.fixture(scope="module")
def encoder(vocabulary: Vocabulary) -> Encoder:
    return Encoder(vocabulary)


@pytest.fixture(scope="module")
def library(vocabulary: Vocabulary) -> Tokenizer:
    return library_of(vocabulary)


def test_family_is_the_folder() -> None:
    assert {name for _, name, _ in pkgutil.iter_modules(types.__path__)} == {name.replace("-", "_") for name in TYPES}


@given(st.lists(TEXT, max_size=6))
def test_ids_and_places_are_the_librarys(encoder: Encoder, library: Tokenizer, sentences: list[str]) -> None:
    assert_same(encoder, library, sentences)


@given(st.lists(TEXT, max_size=6))
def test_a_new_encoder_gives_the_same(vocabulary: Vocabulary, library: Tokenizer, sentences: list[str]) -> None:
    assert_same(Encoder(vocabulary), library, sentences)


@given(st.lists(st.lists(TEXT.filter(lambda word: word.strip() == word != ""), max_size=6), max_size=4))
def test_with_words_ids_are_those_of_words_with_spaces(
    encoder: Encoder, library: Tokenizer, lines: list[list[str]]
) -> None:
    if not encoder.takes_words:
        return
    texts = ["".join(words) for words in lines]
    encoded = encoder.encode(texts, pa.array([ends_of(words) for words in lines], pa.list_(pa.int32())))
    for number, expected in enumerate(
        library.encode_batch([" ".join(words) for words in lines], add_special_tokens=False)
    ):
        first, last = encoded.sentence_offsets[number : number + 2]
        assert encoded.ids[first:last].tolist() == as_text(expected.ids, encoder.vocabulary), lines[number]


@given(TEXT)
def test_bytes_give_the_text_back(encoder: Encoder, library: Tokenizer, case: tuple[str, bool], text: str) -> None:
    if case[0] == "bbpe":
        ids = encoder.encode([text]).ids.tolist()
        assert library.decode(ids, skip_special_tokens=False) == text
        assert encoder.vocabulary.unk not in ids


def test_specials_come_first(vocabulary: Vocabulary) -> None:
    assert vocabulary.tokens[:5] == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    assert [vocabulary.pad, vocabulary.unk, vocabulary.cls, vocabulary.sep, vocabulary.mask] == [0, 1, 2, 3, 4]
    assert vocabulary.is_special.nonzero()[0].tolist() == [0, 1, 2, 3, 4]
    assert vocabulary.normal_ids.tolist() == list(range(5, vocabulary.size))


def test_entries_are_distinct_and_as_many_as_wished(vocabulary: Vocabulary) -> None:
    assert len(set(vocabulary.tokens)) == vocabulary.size <= SIZE
    assert Tokenizer.from_str(vocabulary.tokenizer_json).get_vocab_size() == vocabulary.size


def test_no_chinese_character_continues(vocabulary: Vocabulary) -> None:
    assert not [token for token in vocabulary.tokens if token.startswith("##") and any(map(is_ideograph, token[2:]))]


def test_no_entry_is_dead(vocabulary: Vocabulary, case: tuple[str, bool]) -> None:
    dead = dead_entries(vocabulary)
    assert case[0] == "unigram" or not dead  # a unigram piece may always lose to two others


def test_files_are_the_same_each_time_and_read_back(
    vocabulary: Vocabulary, case: tuple[str, bool], tmp_path: Path
) -> None:
    kind, by_word = case
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
        counts = counts_of(kind, by_word)
        names = vocab.write(vocab.train(counts, config_of(kind)), folder, counts)
    assert sorted(path.name for path in folders[0].iterdir()) == names
    for name in names:
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes(), name
    back = vocab.load(folders[0])
    assert dataclasses.replace(back, path=None) == vocabulary
    assert back.sha256 == vocabulary.sha256
    counts = vocab.read_counts(folders[0] / "counts.arrow")
    assert counts.as_dict() == counts_of(kind, by_word).as_dict()
    assert (counts.totals, counts.by_word) == (counts_of(kind, by_word).totals, counts_of(kind, by_word).by_word)


def test_one_or_sixteen_blocks_give_the_same(vocabulary: Vocabulary, case: tuple[str, bool]) -> None:
    kind, by_word = case
    lines = made_words()
    parts = []
    for number in range(16):
        mine = lines[number::16]
        batch = word_batch(mine) if by_word else text_batch(["".join(words) for words in mine])
        parts.append(vocab.count(batch, config_of(kind)))
    random.Random(1).shuffle(parts)
    merged = vocab.merge(parts)
    assert merged.table.equals(counts_of(kind, by_word).table)
    assert vocab.train(merged, config_of(kind)).tokens == vocabulary.tokens


def test_counts_a_thousand_million_times_as_large_give_the_same(vocabulary: Vocabulary, case: tuple[str, bool]) -> None:
    counts = counts_of(*case)
    scaled = Counts.from_dict({p: n * 10**9 for p, n in counts.as_dict().items()}, by_word=counts.by_word)
    assert vocab.train(scaled, config_of(case[0])).tokens == vocabulary.tokens


def test_free_slots_and_padded_size(case: tuple[str, bool]) -> None:
    kind, by_word = case
    padded = vocab.train(counts_of(kind, by_word), config_of(kind, unused=3, multiple_of=64))
    assert padded.size % 64 == 0
    assert padded.tokens[5:8] == ["[unused1]", "[unused2]", "[unused3]"]
    free = {number for number, token in enumerate(padded.tokens) if token.startswith("[unused")}
    assert not free & set(padded.normal_ids.tolist())


def test_a_size_without_room_is_refused(case: tuple[str, bool]) -> None:
    with pytest.raises(UsageError):
        vocab.train(counts_of(*case), config_of(case[0], size=6))


def test_excluded_entries_are_not_there(case: tuple[str, bool], tmp_path: Path) -> None:
    kind, by_word = case
    (tmp_path / "out.txt").write_text("的\n研究\nmodels\n，\n", encoding="utf-8")
    trained = vocab.train(counts_of(kind, by_word), config_of(kind, exclude=str(tmp_path / "out.txt")))
    texts = {"的", "研究", "models", "，"} if kind != "bbpe" else {"çłĶç©¶", "models", "ï¼Į"}
    assert not texts & set(trained.tokens)


def test_transformers_loads_it_and_agrees(
    vocabulary: Vocabulary, case: tuple[str, bool], library: Tokenizer, tmp_path: Path
) -> None:
    transformers = pytest.importorskip("transformers")
    vocab.write(vocabulary, tmp_path)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path, split_special_tokens=True)
    assert tokenizer.model_max_length == 512
    assert len(tokenizer) == vocabulary.size
    assert (tokenizer.pad_token_id, tokenizer.mask_token_id) == (vocabulary.pad, vocabulary.mask)
    for line in [*LINES, "[MASK] か\u3099 é 𠀀𰀀 \x00 ﬁ don't"]:
        assert tokenizer(line)["input_ids"] == library.encode(line).ids
    types_of_pair = tokenizer("中国", "人")
    assert case[0] == "bbpe" or types_of_pair["token_type_ids"] == library.encode("中国", "人").type_ids
