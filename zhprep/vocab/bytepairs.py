"""Byte-pair encoding of many pieces side by side, as the ``tokenizers`` library does it.

In: pieces of text, each encoded by itself. Out: their tokens with places. In each round every piece joins its pair of
the lowest rank, of two such the left one, so that there are as many rounds as the longest piece has merges.

A character is one symbol from the start where that comes to the same: its bytes make one token alone, no token holds a
part of it beside another character, and its token takes part in no merge that comes before those of its bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zhprep.core.ragged import Ints, offsets_of, ranges, sizes_of
from zhprep.vocab import bytemap, codepoints
from zhprep.vocab.hashed import KeyTable
from zhprep.vocab.junctions import Junctions

_HALF = 32
_LOW = (1 << _HALF) - 1
_NEVER = (1 << 31) - 1
"""The rank of what is no merge."""
_IN_BYTES = -1


class Merged(NamedTuple):
    """The tokens of P pieces: ``ids``, of which piece (``owners``), the first of its symbols and the one after its last
    (``firsts``, ``lasts``), all int64[T]; the rank of the last merge in each piece, int64[P], -1 for none."""

    ids: Ints
    owners: Ints
    firsts: Ints
    lasts: Ints
    ranks: Ints


class BytePairs:
    """Merges pairs of tokens by rank, from bytes or whole characters on."""

    def __init__(self, vocabulary: Mapping[str, int], merges: Sequence[tuple[str, str]]) -> None:
        """Take the model's ``vocabulary`` and its ``merges`` in order; ``KeyError`` where it lacks a byte."""
        self.junctions = Junctions(vocabulary)
        self._of_byte = np.array([vocabulary[bytemap.CHARACTER_OF[byte]] for byte in range(256)])
        ranks = {pair: rank for rank, pair in enumerate(merges)}  # of a pair that is there twice the last one counts
        pairs = sorted(ranks, key=lambda pair: ranks[pair])
        self._made = np.array([vocabulary[left + right] for left, right in pairs], np.int64)
        left, right = (np.array([vocabulary[pair[side]] for pair in pairs], np.int64) for side in (0, 1))
        self._pairs = KeyTable(_keys(left, right))
        self._first_use = np.full(max(vocabulary.values()) + 1, _NEVER)
        for side in (left, right):
            np.minimum.at(self._first_use, side, np.arange(len(side)))
        self._symbols = np.full(codepoints.N_CODE_POINTS, _IN_BYTES, np.int32)

    def add(self, points: codepoints.Points) -> Ints:
        """Learn distinct characters; return the id of each when alone, int64[N], -1 for one of several tokens.

        Characters that were not added are right too, only slower.
        """
        self.junctions.add(points)
        found = self._merge(*self._as_symbols(points, np.ones(len(points), np.int64))[:2])
        alone = sizes_of(found.owners.searchsorted(np.arange(len(points) + 1))) == 1
        ids = np.full(len(points), -1)
        ids[found.owners] = found.ids
        ids[~alone] = -1
        settled = alone & (found.ranks < self._first_use[ids]) & ~self.junctions.parted(points)
        self._symbols[points[settled]] = ids[settled]
        return ids

    def encode(self, points: codepoints.Points, sizes: Ints) -> tuple[Ints, Ints, Ints, Ints]:
        """Return how many tokens each of P pieces has, int64[P], their ids, and where they start and stop in theirs,
        int64[T] each. ``points`` are those of all pieces, none of which is empty."""
        symbols, n_symbols, of_character = self._as_symbols(points, sizes)
        found = self._merge(symbols, n_symbols)
        origin = offsets_of(sizes)[found.owners]
        starts, stops = of_character[found.firsts] - origin, of_character[found.lasts - 1] + 1 - origin
        return np.bincount(found.owners, minlength=len(sizes)), found.ids, starts, stops

    def _as_symbols(self, points: codepoints.Points, sizes: Ints) -> tuple[Ints, Ints, Ints]:
        """Return the symbols with which pieces begin and of which character each is, ``int64[S]``, and how many each
        piece has, ``int64[P]``; for pieces of ``sizes`` ``int64[P]`` code points."""
        symbols = self._symbols.take(points).astype(np.int64)
        if symbols.min(initial=0) >= 0:
            return symbols, sizes, np.arange(len(points))
        n_bytes = codepoints.utf8_lengths(points)
        n_symbols = np.where(symbols >= 0, 1, n_bytes)
        of_character = np.arange(len(points)).repeat(n_symbols)
        raw = np.frombuffer(points.tobytes().decode("utf-32-le").encode(), np.uint8)
        in_bytes = self._of_byte[raw[ranges(np.cumsum(n_bytes) - n_bytes, n_symbols)]]
        flat = symbols[of_character]
        before = offsets_of(n_symbols)
        return np.where(flat >= 0, flat, in_bytes), sizes_of(before[offsets_of(sizes)]), of_character

    def _merge(self, symbols: Ints, sizes: Ints) -> Merged:
        """Merge the ``symbols`` ``int64[S]`` of pieces of ``sizes`` ``int64[P]``, none of them empty."""
        n, offsets = len(symbols), offsets_of(sizes)
        symbols = np.append(symbols, -1)  # the last one stands for none
        after, before, there = np.arange(1, n + 2), np.arange(-1, n), np.ones(n, np.bool_)
        after[offsets[1:] - 1], before[offsets[:-1]] = n, n
        ranks = self._ranks(symbols, symbols[np.minimum(after, n)])
        piece, last = np.arange(len(sizes)).repeat(sizes), np.full(len(sizes), -1)
        waiting = np.flatnonzero(ranks != _NEVER)
        while len(waiting):
            owner = piece[waiting]
            heads = np.flatnonzero(np.concatenate((np.ones(1, np.bool_), owner[1:] != owner[:-1])))
            best = np.minimum.reduceat(ranks[waiting] << _HALF | waiting, heads)
            at, rank = best & _LOW, best >> _HALF
            last[owner[heads]] = np.maximum(last[owner[heads]], rank)
            gone, preceding = after[at], before[at]
            following = after[gone]
            symbols[at], there[gone], ranks[gone] = self._made[rank], False, _NEVER
            after[at], before[following] = following, at
            ranks[at] = self._ranks(symbols[at], symbols[following])
            new = preceding[ranks[preceding] == _NEVER]
            ranks[preceding] = self._ranks(symbols[preceding], symbols[at])
            new, waiting = new[ranks[new] != _NEVER], waiting[ranks[waiting] != _NEVER]
            waiting = np.sort(np.concatenate((waiting, new)), kind="stable") if len(new) else waiting
        firsts = np.flatnonzero(there)
        return Merged(symbols[firsts], piece[firsts], firsts, np.append(firsts[1:], n), last)

    def _ranks(self, left: Ints, right: Ints) -> Ints:
        """Return the rank of each pair, ``_NEVER`` for none: ``int64[N]``; -1 stands for no symbol."""
        found = self._pairs.find(_keys(left, right)).astype(np.int64)
        found[found < 0] = _NEVER
        return found


def _keys(left: Ints, right: Ints) -> npt.NDArray[np.uint64]:
    """Return the key of each pair, ``uint64[N]``."""
    keys: npt.NDArray[np.uint64] = ((left + 1) << _HALF | right).view(np.uint64)
    return keys
