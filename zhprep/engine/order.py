"""The order of the data: a keyed permutation of the row numbers, computed and not stored.

Position ``g`` of the data (step × batch size + place in the batch) is row ``permutation(epoch)[g mod n]`` of epoch
``g // n``. A Feistel network over the next power of four, walked until it lands below ``n`` (Black and Rogaway, CT-RSA
2002), is a bijection that needs no memory and can begin anywhere: the state of a run is its step.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zhprep.collate.rows import Integers
from zhprep.core import rng

_ROUNDS = 6


def permute(index: Integers, n: int, epoch: Integers, seed: int) -> Integers:
    """Return the row that stands at ``index`` in its ``epoch`` (int64 arrays of one shape, values below ``n``)."""
    half = max(1, (max(n - 1, 1).bit_length() + 1) // 2)
    keys = np.broadcast_to(rng.keys(seed, "order", epoch), index.shape)
    value = index.astype(np.uint64)
    outside = np.ones(index.shape, np.bool_)
    while outside.any():
        value[outside] = _feistel(value[outside], keys[outside], half)
        outside = value >= np.uint64(n)
    return value.astype(np.int64)


def _feistel(value: rng.Bits, keys: rng.Bits, half: int) -> rng.Bits:
    """Return ``value`` (``uint64[N]``, below ``2 ** (2 * half)``) permuted by ``keys`` (``uint64`` that broadcast to
    it)."""
    shift, mask = np.uint64(half), np.uint64((1 << half) - 1)
    left, right = value >> shift, value & mask
    for number in range(_ROUNDS):
        mixed = rng.bits(rng.bits(keys, number), right) & mask
        left, right = right, left ^ mixed
    return (left << shift) | right


def positions(first: int, size: int, n: int, seed: int) -> tuple[Integers, npt.NDArray[np.int64]]:
    """Return the rows of the positions ``first`` to ``first + size - 1`` and the epoch in which each is seen (int64
    ``[size]`` both)."""
    place = np.arange(first, first + size, dtype=np.int64)
    epoch = place // n
    return permute(place % n, n, epoch, seed), epoch
