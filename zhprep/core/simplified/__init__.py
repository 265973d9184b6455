"""Read Traditional text as Simplified: its shadow, character for character, for what knows Simplified words only.

In: sentences. Out: sentences of the same lengths in which each Traditional character or phrase is its Simplified form,
as OpenCC's t2s has it (``build.py`` says what was taken). No form is longer or shorter than what it stands for, so
places in the shadow are places in the text as written: ends of words and readings found there are those of the text.
"""

from __future__ import annotations

import functools
from importlib import resources
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

CodePoints = npt.NDArray[np.uint32]
Places = npt.NDArray[np.int64]

_BITS = 16
_SHIFT = np.uint32(32 - _BITS)


def shadow(sentences: pa.Array) -> pa.Array:
    """Return the shadow of ``sentences`` (a string array without nulls), the same array if nothing changes."""
    if not len(sentences):
        return sentences
    offsets = np.frombuffer(sentences.buffers()[1], np.int32)[sentences.offset : sentences.offset + len(sentences) + 1]
    utf8 = memoryview(sentences.buffers()[2] or b"")[offsets[0] : offsets[-1]]
    code_points = np.frombuffer(str(utf8, "utf-8").encode("utf-32-le"), np.uint32)
    simple = simplify(code_points, np.cumsum(pc.utf8_length(sentences).to_numpy(zero_copy_only=False), dtype=np.int64))
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
    shifts = table.shifts.take(code_points, mode="clip")
    begins = np.flatnonzero(table.begins_phrase.take(code_points, mode="clip"))
    begins = begins[begins < len(code_points) - 1]
    begins = begins[table.may_be_head.take(_head(code_points, begins))]
    if not len(begins) and not shifts.any():
        return code_points
    simple = code_points + shifts
    last = np.full(len(begins), len(code_points)) if stops is None else stops[np.searchsorted(stops, begins, "right")]
    free = 0
    for place, stop in zip(begins.tolist(), last.tolist(), strict=True):
        if place >= free:
            found = code_points[place : min(place + table.longest, stop)].tobytes()
            size = next((size for size in range(len(found), 4, -4) if found[:size] in table.phrases), 0) // 4
            if size:
                free = place + size
                simple[place:free] = table.phrases[found[: 4 * size]]
    return simple


class _Table(NamedTuple):
    """What stands for what. Arrays have a place for each code point up to U+FFFF, at which nothing is."""

    shifts: CodePoints
    """What to add to a code point, modulo 2**32."""
    begins_phrase: npt.NDArray[np.bool_]
    may_be_head: npt.NDArray[np.bool_]
    """By the hash of two characters, whether some phrase begins with them."""
    phrases: dict[bytes, CodePoints]
    longest: int
    """Characters of the longest phrase."""


@functools.cache
def _table() -> _Table:
    text = resources.files(__name__).joinpath("opencc.tsv").read_text("utf-8")
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    pairs = [(_points(old), _points(new)) for old, new in rows]
    shifts = np.zeros(0x10000, np.uint32)
    characters = np.concatenate([np.stack(pair) for pair in pairs if len(pair[0]) == 1], axis=1)
    shifts[characters[0]] = characters[1] - characters[0]
    phrases = {old.tobytes(): new for old, new in pairs if len(old) > 1}
    heads = np.stack([np.frombuffer(phrase, np.uint32)[:2] for phrase in phrases])
    begins_phrase = np.zeros(0x10000, np.bool_)
    begins_phrase[heads[:, 0]] = True
    may_be_head = np.zeros(1 << _BITS, np.bool_)
    may_be_head[_head(heads.ravel(), np.arange(0, heads.size, 2))] = True
    return _Table(shifts, begins_phrase, may_be_head, phrases, max(map(len, phrases)) // 4)


def _points(text: str) -> CodePoints:
    return np.frombuffer(text.encode("utf-32-le"), np.uint32)


def _head(code_points: CodePoints, places: Places) -> CodePoints:
    """Return the hash of the two characters at each place."""
    return (code_points[places] * np.uint32(0x9E3779B1) + code_points[places + 1]) * np.uint32(0x85EBCA77) >> _SHIFT
