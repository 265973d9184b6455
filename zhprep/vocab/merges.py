"""Learn merges from distinct words with 64-bit counts: byte-pair encoding, deterministic to the bit.

In: words as flat arrays of symbol ids, a count for each. Out: the merges in order. Each step merges the pair of
neighbours with the highest count; ties go to the shorter merged text, then to the one that sorts first by bytes, then
to the left part that does. This is sentencepiece's order, so that both learn the same from one table. The result
depends neither on the order of the words nor on how they were counted, and only on the ratios of the counts (Sennrich
et al. 2016; WordPiece vocabularies are learnt the same way by today's libraries).

Many pairs are merged at once with numpy: the next ones in order, as far as no merge changes the count of a later one
or makes a pair that would come before it. So the result is that of one merge at a time. Pair counts change by the
difference only. Counts in the heap may be too high (a pair loses occurrences to other merges); such an entry is
corrected when it comes up.
"""

from __future__ import annotations

import bisect
import dataclasses
import heapq
from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from zhprep.core.errors import DataError
from zhprep.core.progress import work
from zhprep.vocab.pairs import Pairs, grouped

Ints = npt.NDArray[np.int64]
Entry = tuple[int, int, str, str, int]
COUNT_LIMIT = 1 << 62
MOST_AT_ONCE = 1024


@dataclasses.dataclass(frozen=True)
class CountedWords:
    """Distinct words: ``symbols`` int32[L] ids into ``names``, ``offsets`` int64[W+1] and ``counts`` int64[W]."""

    names: list[str]
    symbols: npt.NDArray[np.int32]
    offsets: Ints
    counts: Ints


@dataclasses.dataclass(frozen=True, slots=True)
class Merge:
    """One step: ``left`` and ``right`` became ``name``; the pair stood ``count`` times in the text."""

    left: str
    right: str
    name: str
    count: int


def learn(
    words: CountedWords,
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
    with work(n_new, "entries") as bar:
        while n_new > 0 and (batch := learner.next_pairs()):
            n_taken, before = 0, n_new
            while n_taken < len(batch.pairs) and n_new > 0:
                name = batch.pairs[n_taken][2]
                n_new -= name not in there
                there.add(name)
                n_taken += 1
            merges += learner.merge(batch.first(n_taken))
            bar.advance(before - n_new, merges=n_taken)
    return merges


@dataclasses.dataclass(frozen=True)
class _Batch:
    """Pairs to merge at once: where they stand, and which of ``pairs`` stands there, int64[N] both."""

    pairs: list[Entry]
    where: Ints
    owner: Ints

    def first(self, n: int) -> _Batch:
        """Return the batch of the first ``n`` pairs."""
        if n == len(self.pairs):
            return self
        kept = self.owner < n
        return _Batch(self.pairs[:n], self.where[kept], self.owner[kept])


class _Learner:
    """The words as linked symbols, and which pair stands where."""

    def __init__(
        self,
        words: CountedWords,
        min_frequency: int,
        join: Callable[[str, str], str],
        allowed: Callable[[str], bool] | None,
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
        self.pair = np.zeros(n + 1, np.int64)  # the pair that begins at each symbol, 0 where there is none
        self.pairs = Pairs()
        self.heap: list[Entry] = []
        self.bar = COUNT_LIMIT
        self.at_once = 1
        self._add(np.flatnonzero(self.following[:-1] != n))

    def next_pairs(self) -> _Batch | None:
        """Take pairs off the heap that may be merged at once; None when all are rarer than the minimum.

        They are the pairs with the highest counts, in order, up to the first one that a merge before it touches.
        """
        pairs = self._best(self.at_once)
        if not pairs:
            return None
        batch = self._located(pairs)
        n = min(self._first_changed(batch), self._first_outranked(batch))
        for entry in pairs[n:]:
            heapq.heappush(self.heap, entry)
        self.at_once = min(2 * n, MOST_AT_ONCE)
        return batch.first(n)

    def merge(self, batch: _Batch) -> list[Merge]:
        """Merge every occurrence of the pairs of ``batch``."""
        where = batch.where
        second = self.following[where]
        self._forget(np.concatenate((where, second)))
        before = self.preceding[where]
        self._forget(before[self.pair[before] > 0])
        after = self.following[second]
        made = np.array([self.ids.setdefault(name, len(self.ids)) for _, _, name, _, _ in batch.pairs])
        again = len(self.names) > made[0]
        self.names += [] if again else [name for _, _, name, _, _ in batch.pairs]
        self.symbol[where] = made[batch.owner]
        self.following[where] = after
        self.preceding[after] = where
        self.preceding[self.end] = self.end
        before = self.preceding[where]
        self.pair[where] = -1  # a symbol before another that was made just now is there already
        touched = np.concatenate((where, before[self.pair[before] == 0]))
        if again:
            touched = np.concatenate((touched, self._loosened(made[0])))
        self._add(touched)
        return [Merge(left, self.names[self.pairs.right[pair]], name, -n) for n, _, name, left, pair in batch.pairs]

    def _best(self, n: int) -> list[Entry]:
        """Take the ``n`` pairs with the highest counts off the heap, fewer if there are no more.

        A pair of equals, or one that makes a name that is there already (and may so raise the count of another
        pair), stands by itself.
        """
        best: dict[int, Entry] = {}
        names: set[str] = set()
        while len(best) < n and self._filled():
            entry = heapq.heappop(self.heap)
            minus, _, name, _, pair = entry
            now = int(self.pairs.count[pair])
            if now != -minus:
                if now >= self.bar:
                    heapq.heappush(self.heap, (-now, *entry[1:]))
                continue
            if pair in best:
                continue
            by_itself = name in self.ids or name in names or self.pairs.left[pair] == self.pairs.right[pair]
            if by_itself and best:
                heapq.heappush(self.heap, entry)
                break
            best[pair] = entry
            names.add(name)
            if by_itself:
                break
        return list(best.values())

    def _filled(self) -> bool:
        """Return whether there are pairs on the heap; when it is empty, those with half the counts come next.

        So rare pairs, which are most, get neither name nor place on the heap before they are in question.
        """
        while not self.heap and self.bar > self.min_frequency:
            count = self.pairs.counts()
            below = int(count[count < self.bar].max(initial=0))
            bar = max(self.min_frequency, -(-below // 2))
            new = np.flatnonzero((count >= bar) & (count < self.bar))
            self.bar = bar
            self._push(new)
        return bool(self.heap)

    def _located(self, pairs: list[Entry]) -> _Batch:
        """Return where ``pairs`` stand now; of overlapping ones (aaa) the left is taken."""
        numbers = np.array([entry[4] for entry in pairs])
        where, owner = self.pairs.places(numbers)
        now = self.pair[where] == numbers[owner]
        where, owner = where[now], owner[now]
        if self.pairs.left[numbers[0]] == self.pairs.right[numbers[0]]:
            where.sort()
            chained = np.zeros(len(where), np.bool_)
            chained[1:] = self.following[where[:-1]] == where[1:]
            index = np.arange(len(where))
            where = where[(index - np.maximum.accumulate(np.where(chained, 0, index))) % 2 == 0]
            owner = owner[: len(where)]
        return _Batch(pairs, where, owner)

    def _first_changed(self, batch: _Batch) -> int:
        """Return the place of the first pair that loses occurrences to one before it."""
        lost = np.concatenate((self.pair[self.preceding[batch.where]], self.pair[self.following[batch.where]]))
        numbers = np.array([entry[4] for entry in batch.pairs])
        order = np.argsort(numbers)
        place = order.take(np.searchsorted(numbers, lost, sorter=order), mode="clip")
        later = (numbers[place] == lost) & (place > np.tile(batch.owner, 2))
        return int(place[later].min(initial=len(numbers)))

    def _first_outranked(self, batch: _Batch) -> int:
        """Return the place of the first pair that one made by the pairs before it might come before.

        The counts of those are taken with the neighbours as they are before any merge: what each makes is part of that,
        and it is part of what the pair with the neighbour (xa of xab) has now.
        """
        pairs, first = batch.pairs, len(batch.pairs)
        beside = np.concatenate((self.pair[self.preceding[batch.where]], self.pair[self.following[batch.where]]))
        near = np.flatnonzero(self.pairs.count[beside] >= -pairs[-1][0])
        owner = batch.owner[near % len(batch.where)]
        keys = (beside[near] * 2 + (near >= len(batch.where))) * len(pairs) + owner
        made, sums, _, _ = grouped(keys, self.weight[batch.where][near % len(batch.where)])
        for key, amount in zip(made.tolist(), sums.tolist(), strict=True):
            side, maker = divmod(key, len(pairs))
            left = right = pairs[maker][2]
            if side % 2:
                right = self.names[self.pairs.right[side // 2]]
            else:
                left = self.names[self.pairs.left[side // 2]]
            name = self.join(left, right)
            if self.allowed is None or self.allowed(name):
                rank = bisect.bisect_left(pairs, (-amount, len(name), name, left, -1))
                first = min(first, max(rank, maker + 1))
        return first

    def _forget(self, starts: Ints) -> None:
        """Take the pairs that begin at ``starts`` (``int64[N]``) off the counts."""
        np.subtract.at(self.pairs.count, self.pair[starts], self.weight[starts])
        self.pairs.count[0] = 0
        self.pair[starts] = 0

    def _loosened(self, symbol: int) -> Ints:
        """Return where pairs with ``symbol`` stand, which are to be counted anew: ``int64[N]``."""
        numbers = self.pairs.with_symbol(symbol)
        places, owner = self.pairs.places(numbers)
        where: Ints = places[self.pair[places] == numbers[owner]]
        self._forget(where)
        return where

    def _add(self, starts: Ints) -> None:
        """Count the pairs that begin at ``starts`` (``int64[N]``); all of them are new."""
        last = self.following[starts] == self.end
        self.pair[starts[last]] = 0
        starts = starts[~last]
        keys = (self.symbol[starts] << 32) | self.symbol[self.following[starts]]
        keys, sums, order, n_each = grouped(keys, self.weight[starts])
        numbers = self.pairs.add(keys, sums, starts[order], n_each)
        self.pair[starts[order]] = np.repeat(numbers, n_each)
        self._push(numbers[sums >= self.bar])

    def _push(self, numbers: Ints) -> None:
        """Put pairs (``int64[P]``) on the heap."""
        lefts, rights = self.pairs.left[numbers].tolist(), self.pairs.right[numbers].tolist()
        for pair, left, right, count in zip(
            numbers.tolist(), lefts, rights, self.pairs.count[numbers].tolist(), strict=True
        ):
            name = self.join(self.names[left], self.names[right])
            if self.allowed is None or self.allowed(name):
                heapq.heappush(self.heap, (-count, len(name), name, self.names[left], pair))
