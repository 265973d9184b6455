"""Strings of Arrow as code points.

In: an array of strings. Out: their code points end to end, how many each has, and which there are at all.
"""

from __future__ import annotations

import dataclasses
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.core import arrow, utf8_loop
from zhprep.core.compiled import Kernel, Loop, address
from zhprep.core.ragged import Bools, Ints

N_CODE_POINTS = 0x110000

Points = npt.NDArray[np.uint32]

_DECODE = Kernel(utf8_loop.decode, utf8_loop.SIGNATURE)
_SPARE: list[Bools] = []
"""Tables of all code points, ``bool[N_CODE_POINTS]``, all False: to clear one anew takes longer than a short text."""


@dataclasses.dataclass(frozen=True)
class Decoded:
    """``points`` ``uint32[N]`` are the code points of ``S`` strings, with what stands between them; ``lengths``
    ``int64[S]`` how many each has."""

    points: Points
    lengths: Ints
    _found: Points | None = None

    @cached_property
    def alphabet(self) -> Points:
        """The distinct ones of ``points``, in order, ``uint32[A]``."""
        if self._found is not None:
            return self._found
        seen = np.zeros(int(self.points.max(initial=0)) + 1, np.bool_)
        seen[self.points] = True
        return np.flatnonzero(seen).astype(np.uint32)


def decoded(strings: pa.Array, separator: int | None = None) -> Decoded:
    """Return the code points of ``strings`` (null: an empty one), with ``separator`` between each and the next.

    Raises ``UnicodeDecodeError`` where they are not UTF-8.
    """
    strings = arrow.filled(strings)
    data = strings.buffers()[2] if len(strings) else None
    if data is None:
        points = np.full(max(len(strings) - 1, 0) if separator is not None else 0, separator or 0, np.uint32)
        return Decoded(points, np.zeros(len(strings), np.int64))
    width = np.int64 if pa.types.is_large_string(strings.type) else np.int32
    offsets = np.frombuffer(strings.buffers()[1], width)[strings.offset : strings.offset + len(strings) + 1]
    raw = np.frombuffer(data, np.uint8)
    loop = _DECODE.get(int(offsets[-1] - offsets[0]))
    bounds = offsets.astype(np.int64, copy=False)
    found = None if loop is None else by_loop(loop, raw, bounds, separator)
    return found or by_arrow(strings, raw, bounds, separator)


def by_loop(loop: Loop, data: npt.NDArray[np.uint8], offsets: Ints, separator: int | None) -> Decoded | None:
    """Return the code points of the strings that begin and end at ``offsets`` (``int64[S + 1]``) as the compiled loop
    finds them; None where they are not UTF-8."""
    n_strings = len(offsets) - 1
    room = int(offsets[-1] - offsets[0]) + (n_strings if separator is not None else 0)
    points, lengths = np.empty(room, np.uint32), np.empty(n_strings, np.int64)
    counts = np.zeros(3, np.int64)
    try:
        seen = _SPARE.pop()
    except IndexError:  # the first, or another thread has it
        seen = np.zeros(N_CODE_POINTS, np.bool_)
    loop(
        address(data, np.uint8), address(offsets, np.int64), n_strings, separator or 0, separator is not None,
        address(points, np.uint32), address(lengths, np.int64), address(seen, np.bool_), address(counts, np.int64),
    )  # fmt: skip
    alphabet = np.flatnonzero(seen[: counts[utf8_loop.BEYOND]]).astype(np.uint32)
    seen[alphabet] = False
    _SPARE.append(seen)
    return None if counts[utf8_loop.WRONG] else Decoded(points[: counts[utf8_loop.N_POINTS]], lengths, alphabet)


def by_arrow(strings: pa.Array, data: npt.NDArray[np.uint8], offsets: Ints, separator: int | None) -> Decoded:
    """Return the code points of ``strings``, which begin and end at ``offsets`` (``int64[S + 1]``) of ``data``, by way
    of Python's decoder."""
    heads = data[offsets[:-1][np.diff(offsets) > 0]]
    if ((heads & 0xC0) == 0x80).any():  # a character that goes across a border
        strings.to_pylist()
    points = np.frombuffer(data[offsets[0] : offsets[-1]].tobytes().decode().encode("utf-32-le"), np.uint32)
    lengths = arrow.lengths(strings)
    if separator is not None:
        points = np.insert(points, np.cumsum(lengths)[:-1], np.uint32(separator))
    return Decoded(points, lengths)
