"""Read Traditional text as Simplified: its shadow, character for character, for what knows Simplified words only.

In: sentences. Out: sentences of the same lengths in which each Traditional character or phrase is its Simplified form,
as OpenCC's t2s has it (``build.py`` says what was taken). No form is longer or shorter than what it stands for, so
places in the shadow are places in the text as written: ends of words and readings found there are those of the text.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.core import arrow
from zhprep.core.bundled import packaged
from zhprep.core.phrases import Phrases

CodePoints = npt.NDArray[np.uint32]
Places = npt.NDArray[np.int64]


def shadow(sentences: pa.Array) -> pa.Array:
    """Return the shadow of ``sentences`` (a string array without nulls), the same array if nothing changes."""
    if not len(sentences):
        return sentences
    offsets = np.frombuffer(sentences.buffers()[1], np.int32)[sentences.offset : sentences.offset + len(sentences) + 1]
    utf8 = memoryview(sentences.buffers()[2] or b"")[offsets[0] : offsets[-1]]
    code_points = np.frombuffer(str(utf8, "utf-8").encode("utf-32-le"), np.uint32)
    simple = simplify(code_points, np.cumsum(arrow.lengths(sentences)))
    if simple is code_points:
        return sentences
    data = simple.tobytes().decode("utf-32-le").encode()  # each form takes as many bytes as what it stands for
    return pa.StringArray.from_buffers(len(sentences), pa.py_buffer(offsets - offsets[0]), pa.py_buffer(data))


def simplify(code_points: CodePoints, stops: Places | None = None) -> CodePoints:
    """Return the Simplified form of each character (uint32[N]), the same array if nothing changes.

    Of phrases that begin at one place the longest counts, and from the left, as in OpenCC. ``stops`` (int64[S],
    rising) are places that no phrase goes across; without it the text is one sentence.
    """
    table = _table()
    simple = code_points + table.shifts.take(code_points, mode="clip")
    for start, stop, number in table.phrases.find(code_points, stops):
        simple[start:stop] = table.forms[number]
    return code_points if np.array_equal(simple, code_points) else simple


class _Table(NamedTuple):
    """What stands for what."""

    shifts: CodePoints
    """What to add to each code point up to U+FFFF, at which nothing is, modulo 2**32."""
    phrases: Phrases
    forms: list[CodePoints]
    """The Simplified forms of the phrases."""


@functools.cache
def _table() -> _Table:
    text = packaged("core/simplified/opencc.tsv")
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    shifts = np.zeros(0x10000, np.uint32)
    old, new = (_points("".join(column)) for column in zip(*(row for row in rows if len(row[0]) == 1), strict=True))
    shifts[old] = new - old
    phrases = [row for row in rows if len(row[0]) > 1]
    return _Table(shifts, Phrases(old for old, _ in phrases), [_points(new) for _, new in phrases])


def _points(text: str) -> CodePoints:
    """Return the code points of ``text``, ``uint32[N]``."""
    return np.frombuffer(text.encode("utf-32-le"), np.uint32)
