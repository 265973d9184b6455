"""Tokens and words: where words begin, what is joined, what is refused."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhprep.core.compiled import compiled
from zhprep.core.errors import DataError
from zhprep.instances.layout import align_loop
from zhprep.instances.layout.align import CharacterWords, Places, open_words, opened

LISTS = pa.list_(pa.int32())


def align(sentences, tokens):
    """Words as sizes and tokens as [start, stop) per sentence."""
    ends = pa.array([np.cumsum(sizes).tolist() for sizes in sentences], LISTS)
    words = CharacterWords.of(ends)
    flat = [token for row in tokens for token in row]
    starts, stops = np.array(flat, np.int32).reshape(-1, 2).T
    places = Places.of(starts, stops, np.cumsum([0, *map(len, tokens)]), words.bases)
    opens, joined = open_words(places, words)
    loop = compiled(align_loop.open_words, align_loop.SIGNATURE)
    by_loop = loop and opened(
        loop, *map(np.ascontiguousarray, (starts, stops)), np.cumsum([0, *map(len, tokens)]), ends
    )
    assert not by_loop or (by_loop[0].tolist(), by_loop[1]) == (opens.tolist(), joined)
    return opens.tolist(), joined


def test_a_token_begins_a_word_where_the_word_changes():
    opens, joined = align([[2, 1, 3]], [[(0, 1), (1, 2), (2, 3), (3, 5), (5, 6)]])
    assert opens == [True, False, True, True, False]
    assert joined == 0


def test_a_token_in_two_words_joins_them():
    opens, joined = align([[2, 2, 1]], [[(0, 1), (1, 3), (3, 4), (4, 5)]])
    assert opens == [True, False, False, True]
    assert joined == 1


def test_characters_without_a_token_do_not_matter():
    opens, _ = align([[2, 1, 2]], [[(0, 1), (1, 2), (4, 5)]])  # a space between, and half a word gone
    assert opens == [True, False, True]


def test_a_sentence_begins_a_word():
    opens, _ = align([[2], [], [1, 1]], [[(0, 1), (1, 2)], [], [(0, 1), (1, 2)]])
    assert opens == [True, False, True, True]


def test_several_tokens_of_one_character_are_one_word():
    opens, joined = align([[1, 1]], [[(0, 1), (0, 1), (0, 1), (1, 2)]])  # bytes
    assert opens == [True, False, False, True]
    assert joined == 0


def test_the_loop_leaves_odd_tokens_to_the_arrays():
    loop = pytest.importorskip("numba") and compiled(align_loop.open_words, align_loop.SIGNATURE)
    ends, offsets = pa.array([[2, 3]], LISTS), np.array([0, 2])
    for tokens, odd in (
        ([(0, 1), (2, 3)], False),
        ([(0, 1), (2, 4)], True),
        ([(0, 0), (1, 2)], True),
        ([(2, 3), (0, 1)], True),
    ):
        found = opened(loop, *np.array(tokens, np.int32).T.copy(), offsets, ends)
        assert (found is None) == odd


def test_words_that_end_before_the_text_are_refused():
    with pytest.raises(DataError, match="beyond the last word"):
        align([[2]], [[(0, 1), (1, 3)]])


@given(st.lists(st.lists(st.integers(1, 4), max_size=6), max_size=6), st.randoms())
def test_as_one_character_at_a_time(sentences, random):
    """Random tokens over random words, by the rule as it is written."""
    tokens, expected = [], []
    for sizes in sentences:
        word_of = [word for word, size in enumerate(sizes) for _ in range(size)]
        row, place, before = [], 0, None
        while place < len(word_of):
            stop = min(len(word_of), place + random.randint(1, 3))
            if random.random() < 0.8:
                row.append((place, stop))
                expected.append(before is None or word_of[place] != before)
                before = word_of[stop - 1]
            place = stop
        tokens.append(row)
    assert align(sentences, tokens)[0] == expected


def test_slices_of_a_column_are_read_from_where_they_begin():
    ends = pa.array([[1, 3], [2], [1]], LISTS)
    words = CharacterWords.of(ends.slice(1))
    assert words.starts.tolist() == [0, 2]
    assert words.bases.tolist() == [0, 2, 3]
