"""UTF-8 read as code points, as one loop over bytes, to be compiled (``core.compiled``).

In: strings laid end to end. Out: their code points, how many each has, and which there are; or that they are not UTF-8.
Integers are int64 for the compiler.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from zhprep.core.compiled import Signature

SIGNATURE = Signature(
    *("uint8*", "int64*", "int64"),  # bytes, where strings begin and the last ends, how many there are
    *("int64", "bool"),  # what stands between two of them, and whether anything does
    *("uint32*", "int64*", "uint8*", "int64*"),  # what is written: code points, lengths, which there are, counts
)
"""Types of the arguments of :func:`decode`."""

N_POINTS, WRONG, BEYOND = range(3)
"""Where the counts are written: code points, separators included; whether any string is not UTF-8; and a number that
is beyond all code points that there are."""

Int: TypeAlias = Any


def decode(
    data: Any, offsets: Any, n_strings: Int, separator: Int, separated: Any, points: Any, lengths: Any, seen: Any,
    counts: Any,
) -> None:  # fmt: skip
    """Write the code points of all strings, the length of each and the counts, and set ``seen`` at each code point."""
    written, place, wrong, bits = np.int64(0), np.int64(offsets[0]), np.int64(0), np.int64(0x7F)
    if separated and n_strings > 1:
        seen[separator] = True
        bits |= separator
    for string in range(n_strings):
        if separated and string > 0:
            points[written] = separator
            written += 1
        first, stop = written, np.int64(offsets[string + 1])
        while place < stop:
            lead = np.int64(data[place])
            if lead >> 4 == 0xE and place + 3 <= stop:  # nearly all of Chinese: wrong ones are told of at the end
                second, third = np.int64(data[place + 1]) ^ 0x80, np.int64(data[place + 2]) ^ 0x80
                point = (lead & 0xF) << 12 | (second & 0x3F) << 6 | third & 0x3F
                wrong |= (second | third) >> 6 | np.int64(point < 0x800) | np.int64(point >> 11 == 0x1B)
                place += 3
            elif lead < 0x80:
                point = lead
                place += 1
            else:
                point = _rarer(data, place, stop)
                if point < 0:
                    wrong = np.int64(1)
                    break
                place += 4 if point > 0xFFFF else 2
            points[written] = point
            seen[point] = True
            bits |= point
            written += 1
        lengths[string] = written - first
    counts[N_POINTS], counts[WRONG], counts[BEYOND] = written, wrong != 0, bits + 1


def _rarer(data: Any, place: Int, stop: Int) -> Int:
    """Return the code point of two or four bytes at ``place``; -1 where there is none."""
    lead = np.int64(data[place])
    if 0xC2 <= lead < 0xE0 and place + 2 <= stop:
        second = np.int64(data[place + 1]) ^ 0x80
        return (lead & 0x1F) << 6 | second if second < 0x40 else -1
    if not 0xF0 <= lead < 0xF5 or place + 4 > stop:
        return -1
    second, third, fourth = (
        np.int64(data[place + 1]) ^ 0x80, np.int64(data[place + 2]) ^ 0x80, np.int64(data[place + 3]) ^ 0x80
    )  # fmt: skip
    point = (lead & 0x7) << 18 | second << 12 | third << 6 | fourth
    return point if (second | third | fourth) < 0x40 and 0x10000 <= point <= 0x10FFFF else -1
