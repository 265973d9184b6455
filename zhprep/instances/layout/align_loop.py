"""Which tokens begin a word, as one loop over tokens and words, to be compiled (``core.compiled``).

In: tokens and words of sentences, each with its places in its own. Out: what :func:`align.open_words` finds, or that it
is to be asked: where a token lies beyond the words, or has no character.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from zhprep.core.compiled import Signature

SIGNATURE = Signature(
    *("int32*", "int32*", "int64*", "int64"),  # where tokens begin and end, which each sentence has, sentences
    *("int32*", "int32*"),  # where words end, which each sentence has
    *("uint8*", "int64*"),  # what is written: which tokens begin a word, and counts
)
"""Types of the arguments of :func:`open_words`."""

JOINED, ODD = range(2)
"""Where each count is written: words joined by tokens, and tokens that are to be looked at otherwise."""

Int: TypeAlias = Any


def open_words(
    starts: Any, stops: Any, tokens: Any, n_sentences: Int, ends: Any, words: Any, opens: Any, counts: Any
) -> None:
    """Write which tokens begin a word, and the counts."""
    for sentence in range(n_sentences):
        word, stop = np.int64(words[sentence]), np.int64(words[sentence + 1])
        before, reached = np.int64(-1), np.int64(0)
        for token in range(tokens[sentence], tokens[sentence + 1]):
            first, last = starts[token], stops[token] - 1
            while word < stop and ends[word] <= first:
                word += 1
            other = word
            while other < stop and ends[other] <= last:
                other += 1
            counts[ODD] += other == stop or last < first or first < reached
            counts[JOINED] += other - word
            opens[token] = word != before
            before, reached = other, np.int64(first)
