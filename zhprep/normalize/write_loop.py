"""Code points written as UTF-8, parted at marks, as one loop to be compiled (``core.compiled``).

In: code points with marks between sentences. Out: the bytes, sentences and lines that :meth:`text.Text.write` gives.
Integers are int64 for the compiler.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from zhprep.core.compiled import Signature

SIGNATURE = Signature(
    *("uint32*", "int64", "int64", "int64"),  # code points, how many, the mark between lines and that within one
    *("uint8*", "int32*", "int64*", "int64*"),  # what is written: bytes, where sentences begin, their lines, counts
)
"""Types of the arguments of :func:`write`."""

N_BYTES, N_SENTENCES = range(2)
"""Where the counts are written."""

Int: TypeAlias = Any


def write(points: Any, size: Int, line_mark: Int, mark: Int, data: Any, offsets: Any, lines: Any, counts: Any) -> None:
    """Write the sentences that are not empty, and the number of the line that each is of."""
    written = began = n_sentences = line = offsets[0] = np.int64(0)
    for place in range(size):
        point = np.int64(points[place])
        if point < 0x80:
            data[written] = point
            written += 1
        elif (point == line_mark) | (point == mark):
            if written > began:
                offsets[n_sentences + 1], lines[n_sentences] = written, line
                n_sentences += 1
                began = written
            line += np.int64(point == line_mark)
        elif point < 0x800:
            data[written], data[written + 1] = 0xC0 | point >> 6, 0x80 | point & 0x3F
            written += 2
        elif point < 0x10000:
            data[written], data[written + 1] = 0xE0 | point >> 12, 0x80 | point >> 6 & 0x3F
            data[written + 2] = 0x80 | point & 0x3F
            written += 3
        else:
            data[written], data[written + 1] = 0xF0 | point >> 18, 0x80 | point >> 12 & 0x3F
            data[written + 2], data[written + 3] = 0x80 | point >> 6 & 0x3F, 0x80 | point & 0x3F
            written += 4
    if written > began:
        offsets[n_sentences + 1], lines[n_sentences] = written, line
        n_sentences += 1
    counts[N_BYTES], counts[N_SENTENCES] = written, n_sentences
