"""Fill exact budgets with whole units in random order, for a whole batch at once.

In: units, a budget and a key per instance. Out: the chosen units, sorted. The rule is Google's:
go through the units in random order, take each that still fits, skip each that does not.

Only the units with the smallest draws are sorted: they nearly always suffice. The running total of
their sizes gives what is taken before the first unit that does not fit; what follows is settled
in a few rounds over the few instances with room left, and an instance whose candidates run out
is done again with all its units. The result is the same whatever share is sorted.
"""

from __future__ import annotations

import numpy as np

from zhprep.core import rng
from zhprep.instances.budgets import Budget
from zhprep.instances.ragged import Bools, Ints, offsets_of, ranges
from zhprep.instances.words import Units

FEW = 16_384
"""Below so many units all are sorted: cheaper than picking candidates."""

_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFF)
_HIGH = np.uint64(0xFFFFFFFF00000000)
_SLOT = np.uint64(16)
_PLACE = np.uint64(48)


def fill(units: Units, budget: Budget, keys: rng.Bits) -> Ints:
    """Choose units until the budget of each instance is full.

    Returns the sorted numbers of the chosen units, ``int64[C]``. The order of an instance's units is that
    of the upper halves of ``rng.bits(key, ordinal)``, ties by ordinal. At most 65,536 instances of at most
    65,536 units.
    """
    draws = unit_draws(units, keys)
    candidates = None if len(draws) <= FEW else _candidates(units, budget, draws)
    chosen = np.zeros(len(draws), np.bool_)
    short = _take(units, budget, draws, candidates, np.arange(len(keys)), chosen)
    if len(short):
        everything = ranges(units.offsets[short], units.counts[short])
        chosen[everything] = False
        _take(units, budget, draws, everything, short, chosen)
    return np.flatnonzero(chosen)


def unit_draws(units: Units, keys: rng.Bits) -> rng.Bits:
    """Return 64 random bits per unit, from the key of its instance and its ordinal."""
    return rng.bits(np.repeat(keys, units.counts), units.ordinals)


def _candidates(units: Units, budget: Budget, draws: rng.Bits) -> Ints:
    """Return the units with the smallest draws: so many that they rarely run out."""
    total = units.counts if budget.in_units else np.diff(units.size_ends[units.offsets])
    share = (budget.limits + 3.6 * np.sqrt(budget.limits) + 6) / np.maximum(total, 1)
    below = np.minimum(share * 2.0**32, 2.0**32).astype(np.uint64) << _HALF
    below[share >= 1] = np.uint64(2**64 - 1)
    return np.flatnonzero(draws < np.repeat(below, units.counts))


def _take(units: Units, budget: Budget, draws: rng.Bits, candidates: Ints | None, rows: Ints, chosen: Bools) -> Ints:
    """Mark what is taken of ``candidates``; return the instances with room left but no candidates."""
    order, offsets = _in_order(units, draws, candidates, rows)
    costs = np.ones(len(order), np.int64) if budget.in_units else units.sizes[order]
    room = budget.limits[rows]
    complete = candidates is None or len(candidates) == int(units.counts[rows].sum())
    exhausted = []
    while True:
        ends = offsets_of(costs)
        base = ends[offsets[:-1]]
        last = np.minimum(np.searchsorted(ends, base + room, side="right") - 1, offsets[1:])
        taken = last - offsets[:-1]
        chosen[order[ranges(offsets[:-1], taken)]] = True
        room = room - (ends[last] - base)
        exhausted.append(rows[(room > 0) & (last == offsets[1:])])
        going = (room > 0) & (last < offsets[1:])
        if not going.any():
            break
        order, costs, offsets, room, rows = _rest(order, costs, last, offsets[1:], room, rows, going)
    return rows[:0] if complete else np.sort(np.concatenate(exhausted))


def _rest(order: Ints, costs: Ints, last: Ints, ends: Ints, room: Ints, rows: Ints, going: Bools) -> tuple[Ints, ...]:
    """Keep, of the instances that go on, the candidates after ``last`` that still fit."""
    sizes = (ends - last)[going]
    room, rows = room[going], rows[going]
    rest = ranges(last[going], sizes)
    fits = costs[rest] <= np.repeat(room, sizes)
    counts = np.add.reduceat(fits, offsets_of(sizes)[:-1], dtype=np.int64)
    rest = rest[fits]
    return order[rest], costs[rest], offsets_of(counts), room, rows


def _in_order(units: Units, draws: rng.Bits, candidates: Ints | None, rows: Ints) -> tuple[Ints, Ints]:
    """Return the candidates in random order within each of ``rows``, and their offsets."""
    if candidates is None:
        return in_random_order(units, draws), units.offsets
    offsets = np.append(np.searchsorted(candidates, units.offsets[rows]), len(candidates))
    keyed = _sort_keys(units.instances[candidates], draws[candidates], units.ordinals[candidates])
    return _units_of(keyed, np.repeat(units.offsets[rows], np.diff(offsets))), offsets


def in_random_order(units: Units, draws: rng.Bits) -> Ints:
    """Return all units, those of each instance in the order of the upper halves of ``draws``, ties by ordinal."""
    keyed = _sort_keys(units.instances, draws, units.ordinals)
    return _units_of(keyed, np.repeat(units.offsets[:-1], units.counts))


def _sort_keys(instances: Ints, draws: rng.Bits, ordinals: Ints) -> rng.Bits:
    """Pack instance, upper half of the draw and ordinal in one integer: sorting these is all that is needed."""
    keyed = draws & _HIGH
    keyed >>= _SLOT
    keyed |= instances.astype(np.uint64) << _PLACE
    keyed |= ordinals.astype(np.uint64)
    keyed.sort()
    return keyed


def _units_of(keyed: rng.Bits, bases: Ints) -> Ints:
    order = (keyed & _LOW).astype(np.int64)
    order += bases
    return order
