"""The weights of lines as one loop over their bytes, to be compiled (``core.compiled``).

In: bytes and the lines in them. Out: the sum of what the characters of each line weigh (:mod:`weights`), the same
numbers as there by arrays. Integers are int64 for the compiler.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from zhprep.core.compiled import Signature

SIGNATURE = Signature(
    *("uint8*", "int64"),  # bytes, and how many
    *("int64*", "int64*", "int64"),  # lines: where they begin, their sizes, how many there are
    *("uint8*", "uint8*", "uint8*", "uint8*"),  # weights by the first byte; by another after 0xEF
    "int64*",  # what is written
)
"""Types of the arguments of :func:`weigh`."""

Int: TypeAlias = Any


def weigh(
    data: Any, size: Int, starts: Any, sizes: Any, n_lines: Int, of_first: Any, in_ef: Any, upper: Any, lower: Any,
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
