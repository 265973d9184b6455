"""Marks where words end turned into offsets, as one loop over characters, to be compiled (``core.compiled``).

In: a mark after each character and each separator. Out: the numbers that :func:`cuts.marks_by_arrays` finds.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from zhprep.core.compiled import Signature

SIGNATURE = Signature("uint8*", "int64", "int64*", "int64", "int64*", "int32*")
"""Types of the arguments of :func:`offsets_of_marks`."""

Int: TypeAlias = Any


def offsets_of_marks(marks: Any, size: Int, lengths: Any, n_sentences: Int, offsets: Any, ends: Any) -> None:
    """Write the ends of all words in their sentences (with room for one more than there are) and which each sentence
    has; clear the ``marks`` (bool[N]) of separators."""
    written = place = np.int64(0)
    for sentence in range(n_sentences):
        for end in range(1, lengths[sentence] + 1):
            ends[written] = end
            written += np.int64(marks[place])
            place += 1
        if place < size:
            marks[place] = False
        place += 1
        offsets[sentence + 1] = written
