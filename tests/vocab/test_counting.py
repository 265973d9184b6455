"""Counts beside a naive count by the library's own rules."""

from __future__ import annotations

from collections import Counter as Tally

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_text import LINES, TEXT, made_words, text_batch, word_batch

from zhprep import vocab
from zhprep.core.errors import DataError, UsageError
from zhprep.vocab import TYPES, Counts, VocabConfig, pieces
from zhprep.vocab import counts as counts_module

BY_TEXT = [kind for kind, part in TYPES.items() if part.by_word != "required"]


@pytest.mark.parametrize("strip", [False, True])
@pytest.mark.parametrize("kind", BY_TEXT)
@given(lines=st.lists(TEXT, max_size=6))
def test_equal_to_a_naive_count(kind: str, strip: bool, lines: list[str]) -> None:
    config = VocabConfig(type=kind, strip_accents=strip, lowercase=None if strip else True)
    split = TYPES[kind].splitter(config, False).split
    expected = Tally(piece for line in lines for piece in split(line))
    counted = vocab.count(text_batch(lines), config)
    assert counted.as_dict() == dict(expected)
    assert counted.totals == {"documents": 1, "sentences": len(lines), "characters": sum(map(len, lines))}


def test_words_are_counted_as_they_stand() -> None:
    counted = vocab.count(word_batch(made_words()), VocabConfig(type="word")).as_dict()
    assert counted == dict(Tally(word.lower() for line in made_words() for word in line if word != " "))


def test_a_space_opens_the_word_after_it() -> None:
    batch = word_batch([["我", " ", "love", " ", "you", " "], [" ", " ", "北京", "GPT-4"]])
    counted = vocab.count(batch, VocabConfig(type="bbpe")).as_dict()
    assert counted == {"我": 1, " love": 1, " you": 1, " ": 2, " 北京": 1, "GPT": 1, "-": 1, "4": 1}


def test_types_of_words_want_words() -> None:
    with pytest.raises(UsageError, match="no word boundaries"):
        vocab.count(text_batch(LINES), VocabConfig(type="word"))


def test_words_and_text_do_not_mix() -> None:
    config = VocabConfig(type="bbpe")
    with pytest.raises(DataError, match="some counts are of words"):
        vocab.merge([vocab.count(text_batch(LINES), config), vocab.count(word_batch(made_words()), config)])


def test_a_merge_in_many_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts_module, "AT_ONCE", 3)
    parts = [Counts.from_dict({"b": 1, f"x{number % 3}": number}) for number in range(20)]
    merged = vocab.merge(parts).as_dict()
    assert merged == {"b": 20, "x0": 63, "x1": 70, "x2": 57}
    assert list(merged) == sorted(merged)


def test_counts_past_32_bits() -> None:
    merged = vocab.merge([Counts.from_dict({"的": 3_000_000_000})] * 3)
    assert merged.as_dict() == {"的": 9_000_000_000}


def test_no_counts() -> None:
    assert vocab.merge([]).as_dict() == {}
    empty = vocab.count(pa.RecordBatch.from_pylist([], text_batch([]).schema), VocabConfig())
    assert empty.as_dict() == {}


def test_only_chinese_characters_are_set_apart() -> None:
    split = pieces.byte_level(VocabConfig(type="bbpe"), by_word=False).split
    assert split("GPT-4是𠀀𲎯ABC 2024年") == ["GPT", "-", "4", "是", "𠀀", "𲎯", "ABC", " 2024", "年"]
