"""Budgets filled one instance after the other, as one loop to be compiled (``core.compiled``).

In: units, budgets and keys. Out: which units are chosen, as :func:`filling.by_arrays` chooses them. The units with the
smallest draws are taken from a heap, least first. Integers are int64, draws uint64, for the compiler.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from zhprep.core.compiled import Signature
from zhprep.core.rng import one_draw

SIGNATURE = Signature(
    *("int64*", "int64", "int64*", "bool"),  # which units instances have, how many these are, sizes, do they count
    *("uint64*", "int64*", "uint64*"),  # keys, limits, and below which draws units are tried first
    *("uint64*", "uint8*"),  # room for the units of one instance, and which units are chosen
)
"""Types of the arguments of :func:`fill`."""

Int: TypeAlias = Any
Bits: TypeAlias = Any
Bool: TypeAlias = Any

_HIGH, _LOW = np.uint64(0xFFFFFFFF00000000), np.uint64(0xFFFF)


def fill(
    offsets: Any, n_rows: Int, sizes: Any, sized: Bool, keys: Any, limits: Any, below: Any, heap: Any, chosen: Any
) -> None:
    """Set ``chosen`` (bool[U]) where a unit is taken: each that fits, in the order of their draws."""
    for row in range(n_rows):
        first, n_units = offsets[row], offsets[row + 1] - offsets[row]
        size = _collect(heap, keys[row], n_units, below[row], False)
        room = _take(heap, size, first, sizes, sized, limits[row], chosen)
        if room > 0 and size < n_units:  # what was tried is tried again, with all others after it
            size = _collect(heap, keys[row], n_units, below[row], True)
            _take(heap, size, first, sizes, sized, limits[row], chosen)


def _collect(heap: Any, key: Bits, n_units: Int, below: Bits, everything: Bool) -> Int:
    """Write the units whose draws are ``below``, or all, as a heap of the upper halves; return how many there are."""
    size = np.int64(0)
    for unit in range(n_units):
        draw = one_draw(key, np.uint64(unit))
        heap[size] = draw & _HIGH | np.uint64(unit)
        size += np.int64(everything or draw < below)
    for place in range(size // 2 - 1, -1, -1):
        _sink(heap, place, size)
    return size


def _take(heap: Any, size: Int, first: Int, sizes: Any, sized: Bool, limit: Int, chosen: Any) -> Int:
    """Take what fits from the heap; return the room that is left."""
    room = limit
    while room > 0 and size > 0:
        unit = first + np.int64(heap[0] & _LOW)
        cost = sizes[unit] if sized else np.int64(1)
        if cost <= room:
            chosen[unit] = True
            room -= cost
        size -= 1
        heap[0] = heap[size]
        _sink(heap, np.int64(0), size)
    return room


def _sink(heap: Any, place: Int, size: Int) -> None:
    """Move what is at ``place`` down to where it belongs."""
    moved = heap[place]
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        child += np.int64(child + 1 < size and heap[child + 1] < heap[child])
        if heap[child] >= moved:
            break
        heap[place] = heap[child]
        place = child
    heap[place] = moved
