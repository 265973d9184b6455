"""Bring tokens and words together, by character offsets.

In: the tokens of a batch of sentences with their offsets, and where each word of each sentence ends. Out: which tokens
begin a word. A token begins a word if its first character belongs to another word than the last
character of the token before; so a token that lies in two words joins them, which is counted.
"""

from __future__ import annotations

import dataclasses
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.core.compiled import Loop, address
from zhprep.core.errors import DataError
from zhprep.core.ragged import Array, Bools, Ints, offsets_of
from zhprep.instances.layout.align_loop import JOINED, ODD


@dataclasses.dataclass(frozen=True)
class CharacterWords:
    """The words of some sentences, over all their characters assembled end to end.

    ``starts`` ``int64[W]`` are the characters that begin a word, ``bases`` ``int64[S + 1]`` those that begin a
    sentence, and the end.
    """

    starts: Ints
    bases: Ints

    @classmethod
    def of(cls, ends: pa.ListArray) -> CharacterWords:
        """Return the words of the sentences of which ``ends`` holds a list each."""
        offsets, values = ends.offsets.to_numpy(), ends.values.to_numpy()
        bases = offsets_of(sentence_lengths(ends))
        starts = np.zeros(int(offsets[-1] - offsets[0]) + 1, np.int64)
        np.add(values[offsets[0] : offsets[-1]], np.repeat(bases[:-1], np.diff(offsets)), out=starts[1:])
        return cls(starts[:-1], bases)

    @property
    def n_characters(self) -> int:
        """The code points of all sentences."""
        return int(self.bases[-1])

    @cached_property
    def word_of(self) -> npt.NDArray[np.int32]:
        """The word of each character, ``int32[C]``, rising."""
        begins = np.zeros(self.n_characters, np.int8)
        begins[self.starts] = 1
        return np.cumsum(begins, dtype=np.int32)

    def without(self, inner: Ints) -> CharacterWords:
        """Return these words with the words ``inner`` joined to those before them."""
        return CharacterWords(np.delete(self.starts, inner), self.bases)


def sentence_lengths(ends: pa.ListArray) -> npt.NDArray[np.int32]:
    """Return the code points of each sentence: where its last word ends."""
    offsets, values = ends.offsets.to_numpy(), ends.values.to_numpy()
    if not len(values):
        return np.zeros(len(ends), np.int32)
    lengths: npt.NDArray[np.int32] = np.where(np.diff(offsets) > 0, values[offsets[1:] - 1], 0)
    return lengths


@dataclasses.dataclass(frozen=True)
class Places:
    """The characters of each token, of all the sentences' characters: ``first`` ``int64[T]``; the last one is the same
    but for the tokens ``wide``, of several characters, which have theirs in ``last``."""

    first: Ints
    wide: Ints
    last: Ints

    @classmethod
    def of(cls, starts: Array, stops: Array, sentence_offsets: Ints, bases: Ints) -> Places:
        """Return the places of tokens given per sentence.

        Raises ``DataError`` when a token lies beyond the last word of its sentence.
        """
        first = np.repeat(bases[:-1], np.diff(sentence_offsets))
        first += starts
        sizes = stops - starts
        wide = np.flatnonzero(sizes != 1)
        last = first[wide] + sizes[wide] - 1
        if len(first) and max(first[-1], last.max(initial=0)) >= bases[-1]:
            raise DataError("a token lies beyond the last word of its sentence", hint="segment the text again")
        return cls(first, wide, last)


def open_words(places: Places, words: CharacterWords) -> tuple[Bools, int]:
    """Return ``bool[T]``, True where a token begins a word, and how many words were joined by tokens."""
    opens = np.ones(len(places.first), np.bool_)
    first = words.word_of[places.first]
    last = first.copy()
    last[places.wide] = words.word_of[places.last]
    np.not_equal(first[1:], last[:-1], out=opens[1:])
    return opens, int((last[places.wide] - first[places.wide]).sum(dtype=np.int64))


def opened(
    loop: Loop, starts: Array, stops: Array, sentence_offsets: Ints, ends: pa.ListArray
) -> tuple[Bools, int] | None:
    """Return what :func:`open_words` does, as the compiled loop finds it; None where that has to be asked."""
    opens, counts = np.empty(len(starts), np.bool_), np.zeros(2, np.int64)
    words, values = ends.offsets.to_numpy(), ends.values.to_numpy()
    loop(
        address(starts, np.int32), address(stops, np.int32), address(sentence_offsets, np.int64), len(ends),
        address(values, np.int32), address(words, np.int32), address(opens, np.bool_), address(counts, np.int64),
    )  # fmt: skip
    return None if counts[ODD] else (opens, int(counts[JOINED]))


def token_begins(first: Ints, sentence_offsets: Ints, bases: Ints) -> Ints:
    """Return the character where each token begins (``first`` ``int64[T]``, of all sentences' characters); the first
    token of a sentence begins where that does, even if its tokenizer dropped something there."""
    begins = first.copy()
    full = np.diff(sentence_offsets) > 0
    begins[sentence_offsets[:-1][full]] = bases[:-1][full]
    return begins


def coarse_places(coarse_begins: Ints, fine_begins: Ints) -> Ints:
    """Return for each fine token the coarse one it is in, ``int64[T]``, by where tokens begin.

    Where they do not nest, that is the first of the fewest coarse tokens that whole fine tokens spell.
    """
    shared = np.flatnonzero(np.isin(coarse_begins, fine_begins) & (np.diff(coarse_begins, prepend=-1) > 0))
    if not len(shared):
        return np.zeros(len(fine_begins), np.int64)
    places: Ints = shared[np.searchsorted(coarse_begins[shared], fine_begins, side="right") - 1]
    return places
