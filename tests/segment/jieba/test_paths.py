"""The most probable path with small dictionaries full of ties, beside jieba's own ``calc``."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhprep.segment.jieba.dictionary import Dictionary
from zhprep.segment.jieba.paths import _LONG, Paths
from zhprep.segment.jieba.tables import TooMany, make_tables
from zhprep.segment.jieba.user_words import import_jieba

# Frequencies of few values, so that many paths are as probable as others, or differ in their last bit.
LETTERS = "甲乙丙丁aB"
FREQUENCIES = st.dictionaries(
    st.text(LETTERS, min_size=1, max_size=6), st.sampled_from([0, 1, 2, 3, 3, 6, 9, 27, 1000]), min_size=1, max_size=25
)
TEXTS = st.lists(st.text(LETTERS + "。", max_size=40), min_size=1, max_size=4)


def theirs(frequencies: dict[str, int], total: int, text: str) -> list[int]:
    """Where the words of jieba's path end."""
    tokenizer = import_jieba().Tokenizer()
    tokenizer.FREQ = {word[:n]: 0 for word in frequencies for n in range(1, len(word) + 1)} | frequencies
    tokenizer.total, tokenizer.initialized = total, True
    ends, place = [], 0
    for block in text.split("。"):
        route: dict[int, tuple[float, int]] = {}
        tokenizer.calc(block, tokenizer.get_DAG(block), route)
        at = 0
        while at < len(block):
            at = route[at][1] + 1
            ends.append(place + at)
        place += len(block) + 1
        ends.append(place)
    return ends[:-1]


def ours(paths: Paths, dictionary: Dictionary, text: str) -> list[int]:
    points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    ends, _ = paths.ends(points, dictionary.ids.take(points, mode="clip"))
    return (np.flatnonzero(ends) + 1).tolist()


@settings(max_examples=300, deadline=None)
@given(FREQUENCIES, st.integers(0, 50), TEXTS)
def test_as_jieba_sums_up(frequencies: dict[str, int], more: int, texts: list[str]) -> None:
    frequencies = frequencies | {"甲乙": 3, "丁": 1}
    total = sum(frequencies.values()) + more
    dictionary = Dictionary(make_tables(frequencies, total))
    paths = Paths(dictionary)
    for _ in range(2):  # asked for the first time, and remembered
        for text in texts:
            assert ours(paths, dictionary, text) == theirs(frequencies, total, text)


@pytest.mark.parametrize("memory_bits", [0, 1, 3])
def test_remembered_or_not_is_the_same(memory_bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zhprep.segment.jieba.paths._MEMORY_BITS", memory_bits)  # nearly every chunk meets another
    frequencies = {"甲乙": 5, "乙丙": 7, "丙丁": 9, "甲": 50, "乙": 20, "丁": 1, "甲乙丙": 3}
    dictionary = Dictionary(make_tables(frequencies, 99))
    paths = Paths(dictionary)
    for text in ("甲乙丙丁", "乙丙丁", "甲乙丙", "丙丁甲乙丙", "甲甲乙丙丙", "乙丙乙丙丁甲", "甲乙丙丁") * 2:
        assert ours(paths, dictionary, f"{text}。{text}") == theirs(frequencies, 99, f"{text}。{text}")


def test_chunks_of_any_length() -> None:
    frequencies = {"甲甲": 5, "甲": 50, "甲甲甲": 4, "乙": 3}
    dictionary = Dictionary(make_tables(frequencies, 99))
    paths = Paths(dictionary)
    text = "。".join("甲" * size for size in range(1, 3 * _LONG))
    assert ours(paths, dictionary, text) == theirs(frequencies, 99, text)


def test_nothing_and_hardly_anything() -> None:
    dictionary = Dictionary(make_tables({"甲乙": 5}, 9))
    for text in ("", "甲", "。", "甲乙", "乙甲", "。。"):
        assert ours(Paths(dictionary), dictionary, text) == theirs({"甲乙": 5}, 9, text)


def test_too_many_characters_are_refused() -> None:
    words = {chr(point) + chr(point + 1): 1 for point in range(0x4E00, 0x9FD4)}
    with pytest.raises(TooMany):
        make_tables(words, len(words))
