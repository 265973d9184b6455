"""Bring tokens and words together, by character offsets.

In: the tokens of a batch of sentences with their offsets, and where each word of each sentence ends. Out: which tokens
begin a word. A token begins a word if its first character belongs to another word than the last
character of the token before; so a token that lies in two words joins them, which is counted.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.core.errors import DataError
from zhprep.instances.ragged import Array, Bools, Ints, offsets_of


def open_words(starts: Array, stops: Array, sentence_offsets: Ints, ends: pa.ListArray) -> tuple[Bools, int]:
    """Return ``bool[T]``, True where a token begins a word, and how many words were joined.

    ``starts`` and ``stops`` are the code points of each token in its sentence, ``sentence_offsets`` the tokens of each
    sentence, ``ends`` a list per sentence of where its words end.
    """
    last_ends, values, rows = _flat(ends)
    bases = offsets_of(last_ends)
    if len(starts) == 0:
        return np.zeros(0, np.bool_), 0
    begins = np.zeros(int(bases[-1]) + 2, np.int8)
    begins[values + np.repeat(bases[:-1], rows)] = 1
    word_of = np.cumsum(begins, dtype=np.int32)
    base = np.repeat(bases[:-1], np.diff(sentence_offsets))
    last = base + stops
    last -= 1
    base += starts
    if int(last.max()) >= int(bases[-1]):
        raise DataError("a token lies beyond the last word of its sentence", hint="segment the text again")
    first_word = word_of[base]
    last_word = word_of[last]
    opens = np.empty(len(starts), np.bool_)
    opens[0] = True
    np.not_equal(first_word[1:], last_word[:-1], out=opens[1:])
    return opens, int(last_word.sum(dtype=np.int64) - first_word.sum(dtype=np.int64))


def n_characters(ends: pa.ListArray) -> int:
    """Return the number of code points of all sentences together."""
    return int(_flat(ends)[0].sum())


def _flat(ends: pa.ListArray) -> tuple[Ints, npt.NDArray[np.int32], Ints]:
    """Return per sentence the end of its last word (its length), all ends, and the words per sentence."""
    offsets = ends.offsets.to_numpy()
    values = ends.values.to_numpy()[offsets[0] : offsets[-1]]
    offsets = offsets.astype(np.int64) - int(offsets[0])
    rows = np.diff(offsets)
    lengths = np.zeros(len(rows), np.int64)
    some = rows > 0
    lengths[some] = values[offsets[1:][some] - 1]
    return lengths, values, rows
