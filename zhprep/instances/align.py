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

from zhprep.core.errors import DataError
from zhprep.instances.ragged import Array, Bools, Ints, offsets_of


@dataclasses.dataclass(frozen=True)
class CharacterWords:
    """The words of some sentences, over all their characters laid end to end.

    ``starts`` ``int64[W]`` are the characters that begin a word, ``bases`` ``int64[S + 1]`` those that begin a
    sentence, and the end.
    """

    starts: Ints
    bases: Ints

    @classmethod
    def of(cls, ends: pa.ListArray) -> CharacterWords:
        """Return the words of the sentences of which ``ends`` holds a list each."""
        offsets = ends.offsets.to_numpy()
        values = ends.values.to_numpy()[offsets[0] : offsets[-1]].astype(np.int64)
        rows = np.diff(offsets)
        lengths = np.zeros(len(rows), np.int64)
        lengths[rows > 0] = values[offsets[1:][rows > 0] - int(offsets[0]) - 1]
        bases = offsets_of(lengths)
        values += np.repeat(bases[:-1], rows)
        return cls(np.concatenate([np.zeros(1, np.int64), values])[: len(values)], bases)

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


@dataclasses.dataclass(frozen=True)
class Places:
    """The characters of each token, ``[T]``: its first and its last one, of all the sentences' characters."""

    first: Ints
    last: Ints

    @classmethod
    def of(cls, starts: Array, stops: Array, sentence_offsets: Ints, bases: Ints) -> Places:
        """Return the places of tokens given per sentence.

        Raises ``DataError`` when a token lies beyond the last word of its sentence.
        """
        base = np.repeat(bases[:-1], np.diff(sentence_offsets))
        first, last = base + starts, base + stops
        last -= 1
        if len(last) and int(last.max()) >= int(bases[-1]):
            raise DataError("a token lies beyond the last word of its sentence", hint="segment the text again")
        return cls(first, last)


def open_words(places: Places, words: CharacterWords) -> tuple[Bools, int]:
    """Return ``bool[T]``, True where a token begins a word, and how many words were joined by tokens."""
    opens = np.ones(len(places.first), np.bool_)
    first, last = words.word_of[places.first], words.word_of[places.last]
    np.not_equal(first[1:], last[:-1], out=opens[1:])
    return opens, int(last.sum(dtype=np.int64) - first.sum(dtype=np.int64))
