"""How much text there is: a measure that cleaning and segmentation leave as it is.

Blocks are cut by weight, so that a corpus is cut in the same places whether it comes raw, as clean
sentences or as words, and the instances of a block stay the same. What a clean-up may remove, add or
fold (spaces, punctuation, invisible characters, full-width forms, combining marks) weighs nothing, or
as much as what becomes of it. A Chinese character weighs 3, as it does in UTF-8; a letter of another
script or a digit weighs 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zhprep.core.compiled import Kernel, Loop, Signature, address

_LIGHTEST = 16
"""A line weighs at least a sixteenth of its bytes, so that nothing made of symbols alone grows without bounds."""

_SLICE = 4 << 20
"""So many bytes are weighed at a time: what is made of them on the way is several times as large."""

_AHEAD = 2
"""So many bytes after a character's first say what it weighs."""

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

SIGNATURE = Signature(
    *("uint8*", "int64"),  # bytes, and how many
    *("int64*", "int64*", "int64"),  # lines: where they begin, their sizes, how many there are
    *("uint8*", "uint8*", "uint8*", "uint8*"),  # weights by the first byte; by another after 0xEF
    "int64*",  # what is written
)
"""Types of the arguments of :func:`weigh_lines`."""


def weigh(data: bytes, starts: Ints, sizes: Ints) -> Ints:
    """Return the weight of each line, which begins at ``starts`` and has ``sizes`` bytes.

    Lines lie one after the other, with nothing but a line feed between them.
    """
    loop = _WEIGH.get(len(data))
    weights = by_arrays(data, starts, sizes) if loop is None else by_loop(loop, data, starts, sizes)
    return np.maximum(weights, sizes // _LIGHTEST)


def weigh_lines(
    data: Any, size: Any, starts: Any, sizes: Any, n_lines: Any, of_first: Any, in_ef: Any, upper: Any, lower: Any,
    weights: Any,
) -> None:  # fmt: skip
    """Write the weight of each line."""
    for line in range(n_lines):
        total = np.int64(0)
        for place in range(starts[line], starts[line] + sizes[line]):
            byte = data[place]
            weight = np.int64(of_first[byte])
            if (byte == 0xE3 or byte == 0xEF) and place < size - 2:
                second, third = data[place + 1], data[place + 2]
                if byte == 0xE3:
                    weight = np.int64(0) if second == 0x80 else weight
                elif second == 0xBC:
                    weight = np.int64(upper[third])
                else:
                    weight = np.int64(lower[third] if second == 0xBD else in_ef[second])
            total += weight
        weights[line] = total


_WEIGH = Kernel(weigh_lines, SIGNATURE, worth=1 << 24)


def by_loop(loop: Loop, data: bytes, starts: Ints, sizes: Ints) -> Ints:
    """Return what the characters of each line weigh, ``int64[N]``, as the compiled loop finds it."""
    array, first = np.frombuffer(data, np.uint8), np.frombuffer(_OF_FIRST_BYTE, np.uint8)
    starts, sizes = np.ascontiguousarray(starts, np.int64), np.ascontiguousarray(sizes, np.int64)
    weights = np.empty(len(starts), np.int64)
    loop(
        address(array, np.uint8), len(array), address(starts, np.int64), address(sizes, np.int64), len(starts),
        *(address(table, np.uint8) for table in (first, _IN_EF, _UPPER_FORMS, _LOWER_FORMS)),
        address(weights, np.int64),
    )  # fmt: skip
    return weights


def by_arrays(data: bytes, starts: Ints, sizes: Ints) -> Ints:
    """Return it by arrays."""
    weights = np.zeros(len(starts), np.int64)
    filled = np.flatnonzero(sizes)
    heads = starts[filled]
    for begin in range(0, len(data) if len(filled) else 0, _SLICE):
        per_byte = _per_byte(data[begin : begin + _SLICE + _AHEAD])[:_SLICE]
        first, last = (int(place) for place in heads.searchsorted([begin, begin + len(per_byte)]))
        if first and (rest := int(heads[first]) - begin if first < last else len(per_byte)):
            weights[filled[first - 1]] += per_byte[:rest].sum(dtype=np.int64)  # of a line that began before
        if first < last:
            weights[filled[first:last]] += np.add.reduceat(per_byte, heads[first:last] - begin, dtype=np.uint32)
    return weights


def _per_byte(data: bytes) -> Bytes:
    """Return, where a character begins, its weight, and 0 elsewhere: ``uint8[bytes]``."""
    array = np.frombuffer(data, np.uint8)
    weights = np.frombuffer(data.translate(_OF_FIRST_BYTE), np.uint8).copy()
    if len(array) < 3:
        return weights
    punctuation = (array[:-2] == 0xE3) & (array[1:-1] == 0x80)  # U+3000 to U+303F
    weights[:-2] *= ~punctuation
    forms = np.flatnonzero(array[:-2] == 0xEF)  # U+F000 to U+FFFF
    second, third = array[forms + 1], array[forms + 2]
    weights[forms] = np.where(
        second == 0xBC, _UPPER_FORMS[third], np.where(second == 0xBD, _LOWER_FORMS[third], _IN_EF[second])
    )
    return weights


def _table(*ranges: tuple[int, int, int]) -> Bytes:
    """Return the weight of each byte, ``uint8[256]``: ``ranges`` give first, last, weight."""
    weights = np.zeros(256, np.uint8)
    for first, last, weight in ranges:
        weights[first : last + 1] = weight
    return weights


_OF_FIRST_BYTE = _table(
    (0x30, 0x39, 1), (0x41, 0x5A, 1), (0x61, 0x7A, 1),  # digits, Latin letters
    (0xC3, 0xDF, 1), (0xE0, 0xE1, 1),  # other alphabets
    (0xCC, 0xCD, 0),  # combining marks: composed or not, a letter weighs the same
    (0xE3, 0xED, 3), (0xF0, 0xF0, 3),  # kana, Chinese characters, Hangul
).tobytes()  # fmt: skip
_IN_EF = _table((0xA4, 0xAB, 3))  # U+F900 to U+FAFF
_UPPER_FORMS = _table((0x90, 0x99, 1), (0xA1, 0xBA, 1))  # U+FF10 to U+FF3A
_LOWER_FORMS = _table((0x81, 0x9A, 1))  # U+FF41 to U+FF5A
