"""Addressed randomness: every draw is a pure function of where it is used.

A draw is ``hash(seed, purpose, epoch, instance, index)``, computed for whole arrays at once by the
finaliser of splitmix64 (Steele, Lea and Flood, OOPSLA 2014). There is no stream and no state, so the
result does not depend on the number of workers, on batch borders or on order. Only integer
comparisons decide anything that is stored; numpy's own generators are not used because their
distributions may change between versions (NEP 19).
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def keys(seed: int, purpose: str, *address: int | npt.NDArray[np.integer]) -> Bits:
    """Return one 64-bit key per address.

    ``address`` are integers or integer arrays that broadcast together (epoch, instance id, …); the
    result is ``uint64`` of the broadcast shape (at least one-dimensional).
    """
    digest = hashlib.blake2b(f"{seed}/{purpose}".encode(), digest_size=8).digest()
    key = np.frombuffer(digest, "<u8").astype(np.uint64)  # the same on machines of either byte order
    for part in address:
        key = bits(key, np.atleast_1d(np.asarray(part)))
    return key


def bits(key: Bits, index: npt.NDArray[np.integer] | int) -> Bits:
    """Return 64 random bits for each pair of ``key`` and ``index`` (uint64, broadcast shape)."""
    x = np.asarray(index).astype(np.uint64)
    x = np.atleast_1d(x * _GOLDEN + key)  # wraps modulo 2**64 on purpose
    x += _GOLDEN
    x ^= x >> np.uint64(30)
    x *= _FIRST
    x ^= x >> np.uint64(27)
    x *= _SECOND
    x ^= x >> np.uint64(31)
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
