"""Addressed randomness: every draw is a pure function of where it is used.

A draw is ``hash(seed, purpose, epoch, instance, index)``, computed for whole arrays at once by the
finaliser of splitmix64 (Steele, Lea and Flood, OOPSLA 2014). There is no stream and no state, so the
result does not depend on the number of workers, on batch borders or on order. Only integer
comparisons decide anything that is stored; numpy's own generators are not used because their
distributions may change between versions (NEP 19).
"""

from __future__ import annotations

import functools
import hashlib
from itertools import takewhile
from typing import Any

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_30, _27, _31 = np.uint64(30), np.uint64(27), np.uint64(31)


def keys(seed: int, purpose: str, *address: int | npt.NDArray[np.integer]) -> Bits:
    """Return one 64-bit key per address.

    ``address`` are integers or integer arrays that broadcast together (epoch, instance id, …); the
    result is ``uint64`` of the broadcast shape (at least one-dimensional).
    """
    fixed = tuple(takewhile(lambda part: isinstance(part, int), address))
    key = _key(seed, purpose, fixed)
    for part in address[len(fixed) :]:
        key = bits(key, part)
    return key


@functools.lru_cache(64)
def _key(seed: int, purpose: str, address: tuple[int, ...]) -> Bits:
    """Return the key of what a whole batch has in common, ``uint64[]`` (no dimension): hashed once, not for each
    batch."""
    digest = hashlib.blake2b(f"{seed}/{purpose}".encode(), digest_size=8).digest()
    key = np.frombuffer(digest, "<u8").astype(np.uint64)  # the same on machines of either byte order
    for part in address:
        key = bits(key, part)
    key.flags.writeable = False
    return key


def bits(key: Bits, index: npt.NDArray[np.integer] | int) -> Bits:
    """Return 64 random bits for each pair of ``key`` and ``index`` (uint64, broadcast shape)."""
    x = np.array(index, np.uint64, ndmin=1)
    x *= _GOLDEN  # wraps modulo 2**64 on purpose, as all that follows
    return _finalised(x + key)


def bits_within(key: Bits, offsets: npt.NDArray[np.int64]) -> Bits:
    """Return ``bits(key, 0), bits(key, 1), …`` of each row of a ragged array, end to end.

    ``key`` is ``[B]``, ``offsets`` ``int64[B + 1]`` from 0.
    """
    x = np.arange(offsets[-1], dtype=np.uint64)
    x *= _GOLDEN
    x += (key - offsets[:-1].astype(np.uint64) * _GOLDEN).repeat(offsets[1:] - offsets[:-1])
    return _finalised(x)


def one_draw(key: Any, index: Any) -> Any:
    """Return the random bits of one ``key`` and ``index``, both ``uint64``, as :func:`bits` does: for loops to be
    compiled."""
    x = index * _GOLDEN + key + _GOLDEN
    x = (x ^ (x >> _30)) * _FIRST
    x = (x ^ (x >> _27)) * _SECOND
    return x ^ (x >> _31)


def _finalised(x: Bits) -> Bits:
    """Return the finaliser of splitmix64 of ``x`` (``uint64[...]``, overwritten)."""
    x += _GOLDEN
    x ^= x >> _30
    x *= _FIRST
    x ^= x >> _27
    x *= _SECOND
    x ^= x >> _31
    return x


def below(random: Bits, n: int | npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """Map random bits to integers in ``[0, n)`` for ``1 <= n < 2**32`` (bias below 2**-32·n)."""
    high = random >> np.uint64(32)
    return ((high * np.asarray(n, dtype=np.uint64)) >> np.uint64(32)).astype(np.int64)


def threshold(probability: float) -> np.uint64:
    """Return ``t`` such that ``bits < t`` holds with ``probability`` (``probability < 1``)."""
    return np.uint64(min(int(probability * 2.0**64), 2**64 - 1))


def chance(random: Bits, probability: float) -> npt.NDArray[np.bool_]:
    """Return True with ``probability``, exactly always at 1 and never at 0."""
    if probability >= 1:
        return np.ones(random.shape, np.bool_)
    return random < threshold(probability)
