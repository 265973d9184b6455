"""Encoding beside the library: places, borders, odd input."""

from __future__ import annotations

import dataclasses
import json
import re
import unicodedata
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_text import LINES, TEXT, text_batch
from same_ids import as_text, assert_same, library_of
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

from zhprep import vocab
from zhprep.core.errors import DataError, UsageError
from zhprep.vocab import Encoder, VocabConfig, Vocabulary, codepoints
from zhprep.vocab.cuts import KnownWordCuts
from zhprep.vocab.runs import Library, RunCache


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    config = VocabConfig(size=400, min_frequency=1)
    return vocab.train(vocab.count(text_batch(LINES), config), config)


def assert_library(encoder: Encoder, sentences: list[str]) -> None:
    assert_same(encoder, library_of(encoder.vocabulary), sentences)


@given(st.lists(TEXT, max_size=6))
def test_rules_that_strip_accents(tmp_path_factory: pytest.TempPathFactory, sentences: list[str]) -> None:
    folder = tmp_path_factory.mktemp("stripped")
    tokens = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *"的一是人，。ae가각",
        "##a",
        "##e",
        "##s",
        "か",
        "は",
        "ᄀ",
        "##ᅡ",
    ]
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in tokens), encoding="utf-8")
    assert_library(Encoder(vocab.load(folder)), sentences)


def test_more_tokens_than_characters(tmp_path: Path) -> None:
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "ᄒ", "##ᅡ", "##ᆫ", "的", "a"]
    (tmp_path / "vocab.txt").write_text("".join(f"{token}\n" for token in tokens), encoding="utf-8")
    encoder = Encoder(vocab.load(tmp_path))
    assert encoder.encode(["的한的", "한", "a 한"]).ids.tolist() == [8, 5, 6, 7, 8, 5, 6, 7, 9, 5, 6, 7]
    assert_library(encoder, ["的한的", "한", "", "a 한 한a", "한한"])


def test_nothing(vocabulary: Vocabulary) -> None:
    for sentences in ([], ["", ""], pa.array([], pa.string())):
        encoded = Encoder(vocabulary).encode(sentences)
        assert len(encoded.ids) == len(encoded.starts) == len(encoded.stops) == 0
        assert encoded.sentence_offsets.tolist() == [0] * (len(sentences) + 1)


def test_slices_nulls_and_large_strings_and_chunks(vocabulary: Vocabulary) -> None:
    encoder = Encoder(vocabulary)
    expected = encoder.encode(["的是", "", "研究"])
    strings = pa.array(["x", "的是", None, "研究", "y"])
    for form in (strings[1:4], strings.cast(pa.large_string())[1:4], pa.chunked_array([["的是", ""], ["研究"]])):
        encoded = encoder.encode(form)
        assert encoded.ids.tolist() == expected.ids.tolist()
        assert encoded.sentence_offsets.tolist() == expected.sentence_offsets.tolist()


def test_chunks_do_not_show(vocabulary: Vocabulary, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = Encoder(vocabulary)
    whole = encoder.encode(LINES * 3)
    parts = codepoints.chunks
    monkeypatch.setattr(codepoints, "chunks", lambda sentences: parts(sentences, 40))
    cut = encoder.encode(LINES * 3)
    for name in ("ids", "starts", "stops", "sentence_offsets"):
        assert getattr(cut, name).tolist() == getattr(whole, name).tolist()
        assert getattr(cut, name).dtype == getattr(whole, name).dtype


def test_runs_that_are_forgotten_are_asked_again(vocabulary: Vocabulary) -> None:
    tokenizer = library_of(vocabulary)
    runs = RunCache(Library(lambda: tokenizer).encode, np.uint16, limit=3)
    for words in (["the", "model"], ["models", "of"], ["the", "of", "the"]):
        found = runs.find(pa.array([word.encode("utf-32-le") for word in words], pa.binary()))
        expected = [tokenizer.encode(word, add_special_tokens=False).ids for word in words]
        assert found.ids.tolist() == [number for ids in expected for number in ids]
        assert found.n_tokens.tolist() == [len(ids) for ids in expected]
        assert len(runs._known) <= 3


def tokens_of(encoder: Encoder, text: str) -> list[str]:
    return [encoder.vocabulary.tokens[number] for number in encoder.encode([text]).ids]


def test_special_tokens_in_text_are_text(vocabulary: Vocabulary) -> None:
    encoder = Encoder(vocabulary)
    texts = ["今天[MASK]很好[SEP]我们[CLS]去[PAD]", "的是", "", "[UNK][[MASK]] [mask] [MAS", "K]的[SEP]"]
    assert_library(encoder, texts)
    encoded = encoder.encode(texts)
    assert not vocabulary.never_text()[encoded.ids].any()
    assert encoded.n_specials_in_text == 4 + 2 + 1  # none across the border of two sentences
    assert encoder.encode(["的是", "[mask]"]).n_specials_in_text == 0


def test_a_word_that_is_spelt_like_a_special_token_is_unknown() -> None:
    counts = vocab.Counts.from_dict({"研究": 5, "的": 4}, by_word=True)
    config = VocabConfig(type="word", lowercase=False)
    encoder = Encoder(vocab.train(counts, config))
    ends = pa.array([[2, 8, 9]], pa.list_(pa.int32()))
    assert encoder.encode(["研究[MASK]的"], ends).ids.tolist() == [
        encoder.vocabulary.ids["研究"], encoder.vocabulary.unk, encoder.vocabulary.ids["的"]
    ]  # fmt: skip


@pytest.mark.parametrize("special", [True, False])
def test_placeholders_that_are_kept_are_one_token(vocabulary: Vocabulary, special: bool) -> None:
    tokenizer = Tokenizer.from_str(vocabulary.tokenizer_json)
    tokenizer.add_special_tokens([AddedToken("<NUM>", special=True, normalized=False)])
    tokenizer.add_tokens([AddedToken("<的>", special=special, normalized=False)])
    more = Vocabulary(
        "wordpiece", [*vocabulary.tokens, "<NUM>", "<的>"], tokenizer.to_str(),
        (*vocabulary.specials, "<NUM>", *(["<的>"] if special else [])),
    )  # fmt: skip
    text = "是<NUM>的<的>[SEP]人"
    assert_library(Encoder(more), [text, "的是"])
    kept = Encoder(more, keep_special=("<NUM>", "<的>"))
    assert tokens_of(kept, text)[:4] == ["是", "<NUM>", "的", "<的>"]
    assert "[SEP]" not in tokens_of(kept, text)
    assert kept.encode([text]).n_specials_in_text == 1
    assert "<NUM>" not in tokens_of(Encoder(more, keep_special=["<的>"]), text)


def test_a_free_slot_can_be_kept() -> None:
    config = VocabConfig(size=400, min_frequency=1, unused=2)
    vocabulary = vocab.train(vocab.count(text_batch(LINES), config), config)
    assert "[unused1]" not in tokens_of(Encoder(vocabulary), "的[unused1]是")
    assert tokens_of(Encoder(vocabulary, keep_special=["[unused1]"]), "的[unused1]是") == ["的", "[unused1]", "是"]


@pytest.mark.parametrize(("name", "hint"), [("[MASK]", "placeholders"), ("<NUM>", ""), ("[unused1]", "")])
def test_what_cannot_be_kept(vocabulary: Vocabulary, name: str, hint: str) -> None:
    with pytest.raises(UsageError, match=re.escape(name)) as refused:
        Encoder(vocabulary, keep_special=[name])
    assert hint in str(refused.value.hint)


def test_ids_past_16_bits() -> None:
    config = VocabConfig(type="word", size=70_000, punctuation=False)
    counts = vocab.Counts.from_dict({f"w{number}": 1 for number in range(69_000)}, by_word=True)
    encoder = Encoder(vocab.train(counts, config))
    assert encoder.id_type == np.int32
    assert_library(encoder, ["w0", "w68999 w1 w"])
    assert encoder.encode(["w68999"]).ids.dtype == np.int32


def test_a_tokenizer_of_unknown_rules_gets_whole_sentences() -> None:
    tokenizer = Tokenizer(
        models.WordPiece(
            {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "的": 5, "a": 6}, unk_token="[UNK]"
        )
    )
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    assert_library(Encoder(Vocabulary("wordpiece", list("012345"), tokenizer.to_str())), ["的 a", "", "ａ的的", "的 a"])


def test_added_tokens_of_normalised_text() -> None:
    tokenizer = Tokenizer(
        models.WordPiece(
            {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "的": 5, "a": 6}, unk_token="[UNK]"
        )
    )
    tokenizer.normalizer = normalizers.BertNormalizer(strip_accents=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_tokens([AddedToken("豈的", normalized=True)])
    assert_library(Encoder(Vocabulary("wordpiece", list("0123456"), tokenizer.to_str())), ["豈的a", "的", "\uf900的的"])


def test_ends_in_chunks() -> None:
    counts = vocab.Counts.from_dict({"研究": 5, "的": 4}, by_word=True)
    encoder = Encoder(vocab.train(counts, VocabConfig(type="word")))
    ends = pa.chunked_array([[[2, 3]], [[], [1, 3]]], pa.list_(pa.int32()))
    encoded = encoder.encode(pa.chunked_array([["研究的"], ["", "的研究"]]), ends)
    assert [encoder.vocabulary.tokens[number] for number in encoded.ids] == ["研究", "的", "的", "研究"]
    assert encoded.stops.tolist() == [2, 3, 1, 3]


def test_words_must_cover_the_text(vocabulary: Vocabulary) -> None:
    encoder = Encoder(vocabulary)
    for ends in ([[1]], [[1, 3]], [[1, 1, 2]], [[2, 1]], [[]]):
        with pytest.raises(DataError, match="sentence 0 of the batch"):
            encoder.encode(["的是"], pa.array(ends, pa.list_(pa.int32())))
    with pytest.raises(DataError, match="sentence 1 of the batch"):
        encoder.encode(["的是", "人"], pa.array([[1, 2], [2]], pa.list_(pa.int32())))


@pytest.fixture(scope="module", params=["mixed", "word"])
def of_words(request: pytest.FixtureRequest) -> Vocabulary:
    words = ["研究", "的", "straße", "i̇stanbul", "model", "models", "ab", "é", "가", "a", "\u302e"]
    counts = {word: 20 - number for number, word in enumerate(words)}
    config = VocabConfig(type=request.param, min_count=1)
    return vocab.train(vocab.Counts.from_dict(counts, by_word=True), config)


def assert_words_are_the_librarys(encoder: Encoder, library: Tokenizer, words: list[str]) -> None:
    """Each of ``words``, none empty, is encoded by itself as the library encodes it."""
    ends = pa.array([np.cumsum([len(word) for word in words])], pa.list_(pa.int32()))
    encoded = encoder.encode(["".join(words)], ends)
    starts = np.cumsum([0, *(len(word) for word in words)])
    expected = library.encode(words, is_pretokenized=True, add_special_tokens=False)
    places = np.array(expected.offsets).reshape(-1, 2) + starts[np.array(expected.word_ids, np.int64)][:, None]
    assert encoded.ids.tolist() == as_text(expected.ids, encoder.vocabulary)
    assert np.stack((encoded.starts, encoded.stops), 1).tolist() == places.tolist()


@pytest.mark.parametrize("every", [53, pytest.param(1, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("strip", [True, False])
def test_words_of_all_characters(of_words: Vocabulary, strip: bool, every: int) -> None:
    parts = json.loads(of_words.tokenizer_json)
    parts["normalizer"]["strip_accents"] = strip
    encoder = Encoder(dataclasses.replace(of_words, tokenizer_json=json.dumps(parts)))
    assert isinstance(encoder._by_word, KnownWordCuts)
    numbers = [n for n in range(0x110000) if n < 0x180 or n % every == 0 or unicodedata.combining(chr(n))]
    some = [chr(n) for n in numbers if not 0xD800 <= n < 0xE000]
    inside = [*(f"a{one}b" for one in some), "\u302e\U0001d166"]  # two that change places where accents are stripped
    assert_words_are_the_librarys(encoder, library_of(encoder.vocabulary), [*some, *inside, "models", "modelx"])


def test_words_beside_tokens_that_are_kept(of_words: Vocabulary) -> None:
    config = VocabConfig(type=of_words.kind, min_count=1, unused=1)
    counts = vocab.Counts.from_dict({"研究": 5, "a[unused1]": 4}, by_word=True)
    vocabulary = vocab.train(counts, config)
    encoder = Encoder(vocabulary, keep_special=["[unused1]"])
    words = ["研究", "[unused1]", "a[unused1]", "研", "[unused1]研究[unused1]", "a[mask]", "[MASK]"]
    ends = pa.array([np.cumsum([len(word) for word in words])], pa.list_(pa.int32()))
    kept = vocabulary.ids["[unused1]"]
    assert np.count_nonzero(encoder.encode(["".join(words)], ends).ids == kept) == 4
    assert_words_are_the_librarys(Encoder(vocabulary), library_of(vocabulary), words)
