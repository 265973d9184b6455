"""Which characters stand side by side inside a token of a byte-level vocabulary.

In: the tokens, and text as code points. Out: between which neighbours some token reaches; where none does, no merge
can, for every merge makes a token. A token may begin or end within a character; such an end stands for all characters
that have these bytes. That a token reaches may be said once in a while where none does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from zhprep.core.ragged import sizes_of
from zhprep.vocab import codepoints
from zhprep.vocab.bytemap import BYTE_OF

Packed: TypeAlias = npt.NDArray[np.uint32]

_SPREAD = 64
_FACTORS = np.array([[0x9E3779B1, 0x85EBCA77], [0xC2B2AE3D, 0x27D4EB2F]], np.uint32)
_MOST = 4
"""Bytes of a character."""


class Junctions:
    """Learns characters as they are met: ``add`` must have had those that the others are asked about."""

    def __init__(self, tokens: Iterable[str]) -> None:
        values, lengths, first_bytes, in_one = _parts(list(tokens))
        left = np.flatnonzero(in_one)
        right = left + 1
        whole = (first_bytes & 0xC0) != 0x80
        kept = np.where(whole[left], 0, lengths[left])  # bytes of an end, 0 for a whole character
        lacking = np.maximum(_n_bytes(first_bytes[right]) - lengths[right], 0)  # bytes that a beginning lacks
        few = (lengths[left] <= _MOST) & (kept < _MOST) & (lengths[right] <= _MOST)
        left, right, kept, lacking = left[few], right[few], kept[few], lacking[few]
        bits = max(10, (_SPREAD * len(left)).bit_length() - 1)
        self._shift = np.uint32(32 - min(bits, 22))
        self._may_join = np.zeros((2, 1 << 32 - int(self._shift)), np.bool_)  # two tables, for text of chance pairs
        for number, table in enumerate(self._may_join):
            table[self._places(number, values[left], values[right])] = True
        self._kinds = sorted(set(zip(kept.tolist(), lacking.tolist(), strict=True)))
        self._ends = {k: np.unique(values[left[kept == k]]) for k, _ in self._kinds if k}
        self._beginnings = {d: np.unique(values[right[lacking == d]]) for _, d in self._kinds if d}
        self._packed = np.zeros(codepoints.N_CODE_POINTS, np.uint32)

    def add(self, points: codepoints.Points) -> None:
        """Learn the characters ``points``."""
        raw = np.frombuffer(points.tobytes().decode("utf-32-le").encode(), np.uint8).astype(np.uint32)
        lengths = codepoints.utf8_lengths(points)
        starts = np.cumsum(lengths) - lengths
        self._packed[points] = _packed(raw, starts, lengths)

    def joined(self, points: codepoints.Points) -> codepoints.Flags:
        """Return for each pair of neighbours whether some token may hold both, bool[C-1]."""
        packed = self._packed.take(points, mode="clip")
        joined = np.zeros(max(len(points) - 1, 0), np.bool_)
        for kept, lacking in self._kinds:
            left, right = packed[:-1], packed[1:]
            left = left & _mask(kept) if kept else left
            right = right >> np.uint32(8 * lacking) if lacking else right
            likely = np.flatnonzero(self._may_join[0].take(self._places(0, left, right)))
            joined[likely[self._may_join[1].take(self._places(1, left[likely], right[likely]))]] = True
        return joined

    def parted(self, points: codepoints.Points) -> codepoints.Flags:
        """Return which characters have a part that stands beside another character in some token, bool[N]."""
        packed = self._packed.take(points, mode="clip")
        parted = np.zeros(len(points), np.bool_)
        for kept, ends in self._ends.items():
            parted |= np.isin(packed & _mask(kept), ends)
        for lacking, beginnings in self._beginnings.items():
            parted |= np.isin(packed >> np.uint32(8 * lacking), beginnings)
        return parted

    def _places(self, table: int, left: Packed, right: Packed) -> Packed:
        """Return the place in a table of pairs of sides, ``uint32[N]`` each."""
        factors = _FACTORS[table]
        places: Packed = (left * factors[0] + right * factors[1]) >> self._shift
        return places


def _mask(n_bytes: int) -> np.uint32:
    return np.uint32((1 << 8 * n_bytes) - 1)


def _parts(tokens: list[str]) -> tuple[Packed, npt.NDArray[np.int64], npt.NDArray[np.uint8], codepoints.Flags]:
    """Return the parts of ``tokens`` that are of one character each: their bytes packed, ``uint32[P]``, how many bytes
    these are, ``int64[P]``, the first byte, ``uint8[P]``, and whether the next part is of the same token."""
    byte_at = np.zeros(max(map(ord, BYTE_OF)) + 1, np.uint8)
    byte_at[[ord(character) for character in BYTE_OF]] = list(BYTE_OF.values())
    points, offsets = codepoints.flat(tokens)
    raw = byte_at.take(points, mode="clip")
    opens = (raw & 0xC0) != 0x80
    first = np.zeros(len(raw) + 1, np.bool_)
    first[offsets] = True
    starts = np.flatnonzero(opens | first[:-1])
    lengths = sizes_of(np.append(starts, len(raw)))
    in_one = ~first[np.append(starts[1:], len(raw))]
    return _packed(raw.astype(np.uint32), starts, np.minimum(lengths, _MOST)), lengths, raw[starts], in_one


def _packed(raw: Packed, starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> Packed:
    """Return the bytes of each of N characters or parts as one number, the last byte lowest, ``uint32[N]``."""
    packed = np.zeros(len(starts), np.uint32)
    for k in range(_MOST):
        there = np.flatnonzero(lengths > k)
        packed[there] = packed[there] << np.uint32(8) | raw[starts[there] + k]
    return packed


def _n_bytes(first: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Return of how many bytes the characters with these first bytes are, ``int64[N]``."""
    n: npt.NDArray[np.int64] = 1 + (first >= 0xC0).astype(np.int64) + (first >= 0xE0) + (first >= 0xF0)
    return n
