"""The words of a dictionary as a trie in hash tables, followed from many places of a text at once.

In: characters as small numbers. Out: the longest word at each place, or all words. A node is a place in the table of
its depth; an entry is the edge that leads to it, ``node << 14 | character``, and four flags. A step down is one look
into one array, so that a million places are followed in some milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Ids: TypeAlias = npt.NDArray[np.uint32]
Keys: TypeAlias = npt.NDArray[Any]
Places: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]

WORD, LONGER, FURTHER, CONTESTED = 1, 2, 4, 8
"""Flags: a word ends here; one goes on; another key that belongs here stands further on; shorter words may be
better."""

CHARACTER_BITS = 14
FLAG_BITS = 4
_FLAGS = (1 << FLAG_BITS) - 1
FACTORS = {4: 0x9E3779B1, 8: 0x9E3779B97F4A7C15}


class Edges:
    """The edges of one depth, by open addressing: ``entries`` has a power of two of places, 0 where nothing is."""

    def __init__(self, entries: Keys) -> None:
        self.entries = entries
        self._type = entries.dtype.type
        self._factor = self._type(FACTORS[entries.itemsize])
        self._shift = self._type(8 * entries.itemsize - (len(entries).bit_length() - 1))
        self._last = len(entries) - 1

    @classmethod
    def build(cls, keys: Keys, flags: npt.NDArray[np.integer], spread: float) -> tuple[Edges, Places]:
        """Return the table of ``keys`` (distinct) with at least ``spread`` places for each, and the nodes that the
        edges lead to."""
        size = 1 << max(6, int(spread * len(keys)).bit_length())
        edges = cls(np.zeros(size, keys.dtype))
        homes = edges._homes(keys)
        nodes = homes.copy()
        entries = keys << edges._type(FLAG_BITS) | flags.astype(keys.dtype)
        waiting = np.arange(len(keys))
        while len(waiting):
            free = waiting[edges.entries[nodes[waiting]] == 0]
            edges.entries[nodes[free]] = entries[free]  # of several for one place the last gets it
            waiting = waiting[edges.entries[nodes[waiting]] != entries[waiting]]
            nodes[waiting] = (nodes[waiting] + 1) & edges._last
        edges.entries[homes[nodes != homes]] |= edges._type(FURTHER)
        return edges, nodes

    def find(self, nodes: Keys, characters: Ids) -> tuple[Keys, Places]:
        """Return the flags of the edge from each node with each character, 0 where there is none, and where it
        leads."""
        keys = nodes.astype(self._type, copy=False) << self._type(CHARACTER_BITS)
        keys |= characters
        places = self._homes(keys)
        there = self.entries.take(places)
        hit = there >> self._type(FLAG_BITS) == keys
        waiting = np.flatnonzero((there & self._type(FURTHER) != 0) & ~hit)
        there &= self._type(_FLAGS)
        there *= hit
        while len(waiting):
            places[waiting] = (places[waiting] + 1) & self._last
            looked = self.entries[places[waiting]]
            found = looked >> self._type(FLAG_BITS) == keys[waiting]
            there[waiting[found]] = looked[found] & self._type(_FLAGS)
            waiting = waiting[~found & (looked != 0)]
        return there, places

    def _homes(self, keys: Keys) -> Places:
        """Return the slot in which to look first for each key (``uint64[N]``), ``int64[N]``."""
        hashed: Places = (keys * self._factor >> self._shift).astype(np.int64)
        return hashed


class FoundWords(NamedTuple):
    """Words in a text: where they begin, their lengths, their scores (all [W])."""

    places: Places
    sizes: Places
    scores: Floats


class Scores:
    """The scores of words: ``values`` in the order of their nodes, ``words`` (uint64[nodes / 64]) with a bit for each
    node that is a word, and ``before`` (uint32[nodes / 64]), how many are before each of these."""

    def __init__(self, words: npt.NDArray[np.uint64], before: Ids, values: Floats) -> None:
        self._words, self._before, self._values = words, before, values

    @classmethod
    def build(cls, nodes: Places, values: Floats, n_nodes: int) -> tuple[npt.NDArray[np.uint64], Ids, Floats]:
        """Return the arrays of words at ``nodes`` (distinct) with ``values``."""
        words = np.zeros(-(-n_nodes // 64), np.uint64)
        np.bitwise_or.at(words, nodes >> 6, np.uint64(1) << (nodes & 63).astype(np.uint64))
        counts = np.bitwise_count(words)
        return words, (np.cumsum(counts) - counts).astype(np.uint32), values[np.argsort(nodes)]

    def of(self, nodes: Places) -> Floats:
        """Return the score of each word."""
        blocks = nodes >> 6
        lower = (np.uint64(1) << (nodes & 63).astype(np.uint64)) - np.uint64(1)
        scores: Floats = self._values[self._before[blocks] + np.bitwise_count(self._words[blocks] & lower)]
        return scores


class Trie:
    """``edges`` are the tables of the depths from 2 on, ``scores`` the scores of all words: there the nodes of a depth
    are numbered after those of the depths before."""

    def __init__(self, edges: list[Edges], scores: Scores) -> None:
        self.edges, self._scores = edges, scores
        self._bases = [0, *accumulate(len(table.entries) for table in edges)]

    def longest(self, ids: Ids) -> tuple[npt.NDArray[np.int32], Bools]:
        """Return the length of the longest word at each place (int32[N], 1 where there is none), and whether shorter
        ones may be better than it."""
        sizes = np.ones(len(ids), np.int32)
        contested = np.zeros(len(ids), np.bool_)
        flags, nodes = self.edges[0].find(ids[:-1], ids[1:])
        sizes[:-1] += (flags & np.uint32(WORD)).view(np.int32)
        np.not_equal(flags & np.uint32(CONTESTED), 0, out=contested[:-1])
        places = np.flatnonzero(flags & np.uint32(LONGER) != 0)
        for depth, there, flags, _ in self._deeper(ids, places, nodes[places]):
            words = np.flatnonzero(flags & WORD != 0)
            sizes[there[words]] = depth
            contested[there[words]] = flags[words] & CONTESTED != 0
        return sizes, contested

    def words(self, ids: Ids) -> FoundWords:
        """Return all words of two characters or more, by length and place."""
        flags, nodes = self.edges[0].find(ids[:-1], ids[1:])
        places = np.flatnonzero(flags != 0)
        flags, nodes = flags[places], nodes[places]
        found = [self._scored(2, places, flags, nodes)]
        longer = np.flatnonzero(flags & np.uint32(LONGER) != 0)
        for depth, there, below, reached in self._deeper(ids, places[longer], nodes[longer]):
            found.append(self._scored(depth, there, below, reached))
        return FoundWords(*(np.concatenate(column) for column in zip(*found, strict=True)))

    def find(self, ids: Ids, starts: Places, sizes: Places) -> tuple[Keys, Places]:
        """Return the flags (int64) and the node of each run of ``ids``, each of at least two characters; 0 for those
        that no word begins with."""
        flags, nodes = np.zeros(len(starts), np.int64), ids[starts].astype(np.int64)
        going = np.arange(len(starts))
        for depth, edges in enumerate(self.edges, 2):
            going = going[sizes[going] >= depth]
            if not len(going):
                break
            found, nodes[going] = edges.find(nodes[going], ids[starts[going] + (depth - 1)])
            flags[going] = found
            going = going[found != 0]
        return flags, nodes

    def _deeper(self, ids: Ids, places: Places, nodes: Places) -> Iterator[tuple[int, Places, Keys, Places]]:
        """Follow ``places`` from their ``nodes`` of depth 2 on (both ``int64[N]``); yield each depth with the places
        that got there, their flags (``uint64``) and nodes, ``[M]`` each."""
        for depth, edges in enumerate(self.edges[1:], 3):
            inside = int(places.searchsorted(len(ids) - depth, "right"))
            places, nodes = places[:inside], nodes[:inside]
            if not len(places):
                return
            flags, below = edges.find(nodes, ids[places + (depth - 1)])
            there = np.flatnonzero(flags != 0)
            places, flags, nodes = places[there], flags[there], below[there]
            yield depth, places, flags, nodes
            longer = np.flatnonzero(flags & np.uint64(LONGER) != 0)
            places, nodes = places[longer], nodes[longer]

    def _scored(self, depth: int, places: Places, flags: Keys, nodes: Places) -> FoundWords:
        """Return those of ``places`` (``int64[N]``) whose ``flags`` say that a word of ``depth`` characters is there,
        with their scores."""
        words = np.flatnonzero(flags & WORD != 0)
        return FoundWords(
            places[words], np.full(len(words), depth), self._scores.of(nodes[words] + self._bases[depth - 2])
        )
