"""Fill exact budgets with whole units in random order, for a whole batch at once.

In: units, a budget and a key per instance. Out: the chosen units, sorted. The rule is Google's:
go through the units in random order, take each that still fits, skip each that does not.

Only the units with the smallest draws are sorted: they nearly always suffice. The running total of
their sizes gives what is taken before the first unit that does not fit; the little room that is left is
then filled for all instances in step, and an instance whose candidates run out is done again with all
its units. The result is the same whatever share is sorted.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zhprep.core import rng
from zhprep.core.compiled import Kernel, Loop, address
from zhprep.core.ragged import Bools, Ints, offsets_of, ranges, sizes_of
from zhprep.instances.masks import filling_loop
from zhprep.instances.masks.budgets import Budget
from zhprep.instances.masks.words import Units

FEW = 4_096
"""Below so many units all are sorted: cheaper than picking candidates."""

_FILL = Kernel(filling_loop.fill, filling_loop.SIGNATURE, worth=1 << 20)

_LOW = np.uint64(0xFFFF)
_HIGH = np.uint64(0xFFFFFFFF00000000)
_SLOT = np.uint64(16)
_PLACE = 48
_MOST = 2.0**64 - 2.0**11  # the greatest float below 2**64


def fill(units: Units, budget: Budget, keys: rng.Bits) -> Ints:
    """Choose units until the budget of each instance is full.

    Returns the sorted numbers of the chosen units, ``int64[C]``. The order of an instance's units is that
    of the upper halves of ``rng.bits(key, ordinal)``, ties by ordinal. At most 65,536 instances of at most
    65,536 units.
    """
    loop = _FILL.get(len(units.sizes))
    return by_arrays(units, budget, keys) if loop is None else by_loop(loop, units, budget, keys)


def by_loop(loop: Loop, units: Units, budget: Budget, keys: rng.Bits) -> Ints:
    """Choose units by the compiled loop."""
    chosen, heap = np.zeros(len(units.sizes), np.bool_), np.empty(int(units.counts.max(initial=0)) + 1, np.uint64)
    if not len(chosen):
        return np.flatnonzero(chosen)
    offsets, sizes, limits = (
        np.ascontiguousarray(one, np.int64) for one in (units.offsets, units.sizes, budget.limits)
    )
    keys, bounds = np.ascontiguousarray(keys), _bounds(units, budget)
    loop(
        address(offsets, np.int64), len(units.counts), address(sizes, np.int64), not budget.in_units,
        address(keys, np.uint64), address(limits, np.int64), address(bounds, np.uint64),
        address(heap, np.uint64), address(chosen, np.bool_),
    )  # fmt: skip
    return np.flatnonzero(chosen)


def by_arrays(units: Units, budget: Budget, keys: rng.Bits) -> Ints:
    """Choose units by arrays."""
    draws = unit_draws(units, keys)
    chosen = np.zeros(len(draws), np.bool_)
    candidates = None if len(draws) <= FEW else _candidates(units, budget, draws)
    short = _take(_in_order(units, draws, candidates), units, budget, chosen)
    if len(short):
        everything = ranges(units.offsets[short], units.counts[short])
        _take(_in_order(units, draws, everything, short), units, budget, chosen)
    return np.flatnonzero(chosen)


def unit_draws(units: Units, keys: rng.Bits) -> rng.Bits:
    """Return 64 random bits per unit, from the key of its instance and its ordinal."""
    return rng.bits_within(keys, units.offsets)


def in_random_order(units: Units, draws: rng.Bits) -> Ints:
    """Return all units, those of each instance in the order of the upper halves of ``draws``, ties by ordinal."""
    return _in_order(units, draws).units


def first_in_random_order(units: Units, keys: rng.Bits, counts: Ints) -> Ints:
    """Return the first ``counts`` ``int64[B]`` units of each instance in the order of :func:`in_random_order`, end to
    end: ``int64[sum(counts)]``. No count is above the number of units."""
    draws = unit_draws(units, keys)
    candidates = None if len(draws) <= FEW else _candidates(units, Budget(counts, in_units=True), draws)
    queue = _in_order(units, draws, candidates)
    if (sizes_of(queue.offsets) < counts).any():
        queue = _in_order(units, draws)
    return queue.units[ranges(queue.offsets[:-1], counts)]


class _Queue(NamedTuple):
    """The units of some instances (``rows``) in the order of trying, and the ``offsets`` of the instances in them."""

    units: Ints
    offsets: Ints
    rows: Ints


def _in_order(units: Units, draws: rng.Bits, candidates: Ints | None = None, rows: Ints | None = None) -> _Queue:
    """Return the candidates (``int64[C]``, by default all units) in random order within each of ``rows`` (``int64[R]``,
    by default all instances).

    Instance, upper half of the draw and ordinal are packed in one integer: sorting these is all that is needed.
    """
    rows = np.arange(len(units.counts)) if rows is None else rows
    begins = units.offsets[rows]
    if candidates is None:
        candidates, offsets = np.arange(len(draws)), units.offsets
    else:
        draws = draws[candidates]
        offsets = np.append(candidates.searchsorted(begins), len(candidates))
    counts = sizes_of(offsets)
    numbers = ((np.arange(len(rows)) << _PLACE) - begins).repeat(counts)
    numbers += candidates
    keyed = draws & _HIGH
    keyed >>= _SLOT
    keyed |= numbers.view(np.uint64)
    keyed.sort()
    keyed &= _LOW
    order = keyed.view(np.int64)
    order += begins.repeat(counts)
    return _Queue(order, offsets, rows)


def _candidates(units: Units, budget: Budget, draws: rng.Bits) -> Ints:
    """Return the units with the smallest draws (``uint64[U]``), ``int64[C]``."""
    return np.flatnonzero(draws < _bounds(units, budget).repeat(units.counts))


def _bounds(units: Units, budget: Budget) -> rng.Bits:
    """Return below which draws the units of each instance are candidates, ``uint64[B]``: so many that they rarely run
    out."""
    total = np.maximum(units.counts if budget.in_units else units.extents, 1)
    share = (budget.limits + 5.5 * np.sqrt(budget.limits) + 6) / total
    below: rng.Bits = np.minimum(share * 2.0**64, _MOST).astype(np.uint64) & _HIGH  # the lower half does not order
    return below


def _take(queue: _Queue, units: Units, budget: Budget, chosen: Bools) -> Ints:
    """Mark in ``chosen`` (``bool[U]``) what is taken of the queue; return the instances with room left that have units
    outside the queue, ``int64[R]``."""
    begins, stops = queue.offsets[:-1], queue.offsets[1:]
    costs = np.zeros(len(queue.units) + 1, np.int64)  # the last is of no unit: it always fits
    costs[:-1] = 1 if budget.in_units else units.sizes[queue.units]
    running = offsets_of(costs[:-1])
    goal = running[begins] + budget.limits[queue.rows]
    at = np.minimum(running.searchsorted(goal, side="right") - 1, stops)
    chosen[queue.units[ranges(begins, at - begins)]] = True
    room = goal - running[at]
    short = np.zeros(len(room), np.bool_)
    while most := room.max(initial=0):  # the instances with the most room take the next unit that fits
        rows, fitting = np.flatnonzero(room == most), np.flatnonzero(costs <= most)
        found = fitting[fitting.searchsorted(at[rows])]
        inside = found < stops[rows]
        short[rows] = ~inside
        chosen[queue.units[found[inside]]] = True
        room[rows] = np.where(inside, most - costs[found], 0)
        at[rows] = found + 1
    return queue.rows[short & (stops - begins < units.counts[queue.rows])]
