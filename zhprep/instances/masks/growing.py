"""Fill exact budgets with runs of words that grow from starting words, for a whole batch at once.

In: starting words of every instance in the order in which they are tried, how many words each run wants, and
a budget. Out: the number of the run that each word is in. The instances go in step: one numpy pass tries
the next start of all of them, so that the loop is as long as the most runs of one instance.

A run never leaves its segment and is shortened to the whole words that fit the rest of the budget.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from zhprep.core.ragged import Bools, Ints, offsets_of, ranges
from zhprep.instances.masks.budgets import Budget
from zhprep.instances.masks.words import Choice, Units

SWEEP = 8
"""Passes after which starts that can no longer be taken are put out of the way."""


@dataclasses.dataclass(frozen=True)
class Starts:
    """Where runs may start: ``units`` in the order of trying, ``wanted`` words each, ``offsets`` per instance."""

    units: Ints
    wanted: Ints
    offsets: Ints


def grow(units: Units, starts: Starts, budget: Budget, *, stop_at_taken: bool) -> Ints:
    """Return for each unit the ordinal of the first unit of its run, -1 if it is in none: ``int64[U]``.

    A run that meets a unit already taken ends before it with ``stop_at_taken``, else it is not made.
    """
    taken = np.full(len(units.starts), -1, np.int64)
    if not len(starts.units):
        return taken
    costs = np.arange(len(taken) + 1) if budget.in_units else units.size_ends
    reach = np.arange(int(starts.wanted.max()))
    rows = np.flatnonzero(np.diff(starts.offsets))
    state = _State(
        starts.units, starts.wanted, starts.offsets[:-1][rows], starts.offsets[1:][rows], budget.limits[rows]
    )
    while True:
        state = state.only((state.room > 0) & (state.at < state.ends))
        if not len(state.at):
            return taken
        for _ in range(SWEEP):
            _try_next(units, state, costs, reach, taken, stop_at_taken)
            state = state.only((state.room > 0) & (state.at < state.ends))
            if not len(state.at):
                return taken
        state = state.swept(costs, taken)


@dataclasses.dataclass
class _State:
    """The instances still going: where each is in its starts, where these end, and the room it has left."""

    units: Ints
    wanted: Ints
    at: Ints
    ends: Ints
    room: Ints

    def only(self, going: Bools) -> _State:
        if going.all():
            return self
        return _State(self.units, self.wanted, self.at[going], self.ends[going], self.room[going])

    def swept(self, costs: Ints, taken: Ints) -> _State:
        """Drop starts that are taken or do not fit: what is taken stays taken and room only shrinks."""
        sizes = self.ends - self.at
        rest = ranges(self.at, sizes)
        units = self.units[rest]
        able = (taken[units] < 0) & (costs[units + 1] - costs[units] <= np.repeat(self.room, sizes))
        kept = np.zeros(len(able) + 1, np.int64)
        np.cumsum(able, out=kept[1:])
        offsets = kept[offsets_of(sizes)]
        return _State(units[able], self.wanted[rest][able], offsets[:-1].copy(), offsets[1:], self.room)  # `at` moves


def _try_next(units: Units, state: _State, costs: Ints, reach: Ints, taken: Ints, stop_at_taken: bool) -> None:
    """Try the next start of every instance in ``state``; note in ``taken`` (``int64[U]``) what can be taken. ``costs``
    ``int64[U + 1]`` is running, ``reach`` counts the words of the longest run from 0."""
    start = state.units[state.at]
    n = np.minimum(state.wanted[state.at], units.segment_ends[start] - start)
    fitting = np.searchsorted(costs, costs[start] + state.room, side="right") - 1 - start
    np.minimum(n, fitting, out=n)
    run = start[:, None] + reach
    blocked = taken[np.minimum(run, len(taken) - 1)] >= 0
    blocked |= reach >= n[:, None]
    free = np.where(blocked.any(axis=1), blocked.argmax(axis=1), len(reach))
    n = np.minimum(n, free) if stop_at_taken else np.where(free < n, 0, n)
    taken[ranges(start, n)] = np.repeat(units.ordinals[start], n)
    state.room -= costs[start + n] - costs[start]
    state.at += 1


def choice_of(units: Units, taken: Ints) -> Choice:
    """Return the tokens of the units that are taken, with the number of their run."""
    chosen = np.flatnonzero(taken >= 0)
    return Choice.of_units(units, chosen, taken[chosen])
