"""Learn merges from distinct words with 64-bit counts: byte-pair encoding, deterministic to the bit.

In: words as flat arrays of symbol ids, a count for each. Out: the merges in order. Each step merges
the pair of neighbours with the highest count; ties go to the shorter merged text, then to the one that
sorts first by bytes, then to the left part that does. This is sentencepiece's order, so that both learn
the same from one table. The result depends neither on the order of the words nor on how they were
counted, and only on the ratios of the counts (Sennrich et al. 2016; WordPiece vocabularies are learnt
the same way by today's libraries).

All occurrences of a pair are merged at once with numpy; pair counts change by the difference only.
Counts in the heap may be too high (a pair loses occurrences to other merges); such an entry is
corrected when it comes up.
"""

from __future__ import annotations

import dataclasses
import heapq
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from zhprep.core.errors import DataError

Ints = npt.NDArray[np.int64]
Entry = tuple[int, int, str, str, int]

COUNT_LIMIT = 1 << 62


@dataclasses.dataclass(frozen=True)
class Words:
    """Distinct words: ``symbols`` int32[L] ids into ``names``, ``offsets`` int64[W+1] and ``counts`` int64[W]."""

    names: list[str]
    symbols: npt.NDArray[np.int32]
    offsets: Ints
    counts: Ints


@dataclasses.dataclass(frozen=True)
class Merge:
    """One step: ``left`` and ``right`` became ``name``; the pair stood ``count`` times in the text."""

    left: str
    right: str
    name: str
    count: int


def learn(
    words: Words,
    n_new: int,
    *,
    min_frequency: int = 1,
    join: Callable[[str, str], str] = str.__add__,
    allowed: Callable[[str], bool] | None = None,
    known: Iterable[str] = (),
) -> list[Merge]:
    """Learn merges until they have made ``n_new`` names that were not there, or no pair is frequent enough.

    ``join`` names a merged pair; ``allowed`` may refuse a name; ``known`` are names that are there
    beside those of ``words``. Raises ``DataError`` when the counts do not fit in 62 bits.
    """
    learner = _Learner(words, max(min_frequency, 1), join, allowed)
    merges: list[Merge] = []
    there = {*words.names, *known}
    while n_new > 0:
        entry = learner.best()
        if entry is None:
            break
        merge = learner.merge(entry)
        merges.append(merge)
        if merge.name not in there:
            there.add(merge.name)
            n_new -= 1
    return merges


class _Learner:
    """The words as linked symbols, the counts of all pairs and where each pair stands."""

    def __init__(
        self, words: Words, min_frequency: int, join: Callable[[str, str], str], allowed: Callable[[str], bool] | None
    ) -> None:
        self.min_frequency = min_frequency
        self.join = join
        self.allowed = allowed
        self.names = list(words.names)
        self.ids = {name: number for number, name in enumerate(self.names)}
        lengths = np.diff(words.offsets)
        n = int(words.offsets[-1])
        if float(lengths @ words.counts.astype(np.float64)) >= COUNT_LIMIT:
            raise DataError(
                "the counts are too large: their sum must stay below 2**62",
                hint="build the vocabulary from a part of the corpus",
            )
        self.end = n  # one slot past the last symbol: the neighbour of every word's edge
        self.symbol = np.append(words.symbols.astype(np.int64), -1)
        self.weight = np.append(np.repeat(words.counts, lengths), 0)
        self.following = np.append(np.arange(1, n + 1), n)
        self.preceding = np.append(np.arange(-1, n - 1), n)
        filled = lengths > 0
        self.following[words.offsets[1:][filled] - 1] = n
        self.preceding[words.offsets[:-1][filled]] = n
        self.counts: dict[int, int] = {}
        self.places: dict[int, list[Ints]] = {}
        self.heap: list[Entry] = []
        starts = np.flatnonzero(self.following[:-1] != n)
        self._add(starts)
        heapq.heapify(self.heap)

    def best(self) -> Entry | None:
        """Take the pair with the highest count off the heap; None when all are rarer than the minimum."""
        while self.heap:
            entry = heapq.heappop(self.heap)
            now = self.counts.get(entry[4], 0)
            if now == -entry[0]:
                return entry
            if now >= self.min_frequency:
                heapq.heappush(self.heap, (-now, *entry[1:]))
        return None

    def merge(self, entry: Entry) -> Merge:
        """Merge every occurrence of a pair."""
        key = entry[4]
        left, right = key >> 32, key & 0xFFFFFFFF
        name = entry[2]
        new = self.ids.setdefault(name, len(self.names))
        if new == len(self.names):
            self.names.append(name)
        where = self._occurrences(left, right, self.places.pop(key))
        second = self.following[where]
        before = self.preceding[where]
        touched = np.unique(np.concatenate((before, where, second)))
        self._subtract(touched)
        after = self.following[second]
        self.symbol[where] = new
        self.symbol[second] = -1
        self.following[where] = after
        self.preceding[after] = where
        self.preceding[self.end] = self.end
        touched = np.unique(np.concatenate((self.preceding[where], where)))
        self._add(touched[self.following[touched] != self.end])
        self.counts.pop(key, None)
        return Merge(self.names[left], self.names[right], name, -entry[0])

    def _occurrences(self, left: int, right: int, places: list[Ints]) -> Ints:
        """Return where the pair stands now, in order; of overlapping ones (aaa) the left is taken."""
        where: Ints = np.unique(np.concatenate(places)) if len(places) > 1 else places[0]
        where = where[(self.symbol[where] == left) & (self.symbol[self.following[where]] == right)]
        if left != right or len(where) < 2:
            return where
        chained = np.zeros(len(where), np.bool_)
        chained[1:] = self.following[where[:-1]] == where[1:]
        index = np.arange(len(where))
        chain_start = np.maximum.accumulate(np.where(chained, 0, index))
        first: Ints = where[(index - chain_start) % 2 == 0]
        return first

    def _keys(self, starts: Ints) -> Ints:
        keys: Ints = (self.symbol[starts] << 32) | self.symbol[self.following[starts]]
        return keys

    def _grouped(self, starts: Ints) -> tuple[Ints, Ints, Ints, Ints]:
        """Return the distinct pairs that begin at ``starts``, their counts, their places in groups, the borders."""
        keys = self._keys(starts)
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        firsts = np.flatnonzero(np.concatenate((np.ones(1, np.bool_), keys[1:] != keys[:-1])))
        sums = np.add.reduceat(self.weight[starts[order]], firsts)
        return keys[firsts], sums, starts[order], np.append(firsts, len(keys))

    def _subtract(self, touched: Ints) -> None:
        starts = touched[self.following[touched] != self.end]
        keys, sums, _, _ = self._grouped(starts)
        counts = self.counts
        for key, amount in zip(keys.tolist(), sums.tolist(), strict=True):
            counts[key] -= amount

    def _add(self, starts: Ints) -> None:
        if not len(starts):
            return
        keys, sums, places, borders = self._grouped(starts)
        bounds = borders.tolist()
        for number, (key, amount) in enumerate(zip(keys.tolist(), sums.tolist(), strict=True)):
            total = self.counts.get(key, 0) + amount
            self.counts[key] = total
            self.places.setdefault(key, []).append(places[bounds[number] : bounds[number + 1]])
            if total >= self.min_frequency:
                self._push(key, total)

    def _push(self, key: int, count: int) -> None:
        left = self.names[key >> 32]
        name = self.join(left, self.names[key & 0xFFFFFFFF])
        if self.allowed is None or self.allowed(name):
            heapq.heappush(self.heap, (-count, len(name), name, left, key))


def from_strings(table: dict[str, int], symbols_of: Callable[[str], list[str]]) -> Words:
    """Return a table of words as flat arrays, split into symbols by ``symbols_of`` (small tables and tests)."""
    names: dict[str, int] = {}
    flat: list[int] = []
    offsets = [0]
    for word in table:
        flat.extend(names.setdefault(symbol, len(names)) for symbol in symbols_of(word))
        offsets.append(len(flat))
    counts: Any = np.array(list(table.values()), np.int64)
    return Words(list(names), np.array(flat, np.int32), np.array(offsets, np.int64), counts)
