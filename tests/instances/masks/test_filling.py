"""Filling budgets: the same as a plain loop, however few of the units are sorted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from loops import loop_of

from zhprep.core import rng
from zhprep.core.compiled import Loop
from zhprep.instances.masks import Budget, Units, filling, filling_loop

instances = st.lists(st.lists(st.sampled_from([1, 1, 1, 2, 2, 3, 4, 9]), max_size=60), min_size=1, max_size=8)


def units_of(sizes: list[list[int]]) -> Units:
    flat = np.array([size for row in sizes for size in row], np.int64)
    offsets = np.cumsum([0, *map(len, sizes)])
    return Units(np.cumsum(flat) - flat, flat, offsets)


def plain(sizes: list[list[int]], limits: list[int], keys: rng.Bits, in_units: bool) -> list[int]:
    chosen, first = [], 0
    for row, limit, key in zip(sizes, limits, keys, strict=True):
        room = limit
        draws = [int(rng.bits(key[None], ordinal)[0]) >> 32 for ordinal in range(len(row))]
        for ordinal in sorted(range(len(row)), key=lambda ordinal: (draws[ordinal], ordinal)):
            cost = 1 if in_units else row[ordinal]
            if cost <= room:
                chosen.append(first + ordinal)
                room -= cost
        first += len(row)
    return sorted(chosen)


@given(sizes=instances, seed=st.integers(0, 99), rate=st.sampled_from([0.0, 0.15, 0.5, 1.0]), in_units=st.booleans())
def test_fill_is_the_plain_loop(sizes, seed, rate, in_units):
    keys = rng.keys(seed, "mask", np.arange(len(sizes)))
    limits = [int(len(row) * rate * (1 if in_units else 2)) for row in sizes]
    expected = plain(sizes, limits, keys, in_units)
    budget = Budget(np.array(limits), in_units)
    assert filling.fill(units_of(sizes), budget, keys).tolist() == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filling, "FEW", 0)
        assert filling.fill(units_of(sizes), budget, keys).tolist() == expected


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.9])
def test_instances_whose_candidates_run_out_are_done_again(share, monkeypatch):
    draw = np.random.default_rng(3)
    sizes = [draw.choice([1, 2, 3, 7], draw.integers(0, 90)).tolist() for _ in range(60)]
    limits, keys = [len(row) // 4 for row in sizes], rng.keys(1, "mask", np.arange(60))
    few = lambda units, budget, draws: np.flatnonzero(draws < rng.threshold(share))  # noqa: ARG005, E731
    monkeypatch.setattr(filling, "FEW", 0)
    monkeypatch.setattr(filling, "_candidates", few)
    found = filling.fill(units_of(sizes), Budget(np.array(limits)), keys)
    assert found.tolist() == plain(sizes, limits, keys, in_units=False)


@pytest.mark.parametrize("share", [None, 0.1, 0.5])
def test_the_first_in_random_order_are_those_of_all(share, monkeypatch):
    draw, keys = np.random.default_rng(5), rng.keys(2, "mask", np.arange(80))
    units = units_of([[1] * draw.integers(0, 200) for _ in keys])
    counts = draw.integers(0, units.counts // draw.choice([1, 4, 9], len(keys)) + 1)
    order = np.split(filling.in_random_order(units, filling.unit_draws(units, keys)), units.offsets[1:-1])
    expected = [unit for row, count in zip(order, counts, strict=True) for unit in row[:count].tolist()]
    sorted_at_once = []
    in_order = filling._in_order
    monkeypatch.setattr(filling, "_in_order", lambda *args: sorted_at_once.append(args) or in_order(*args))
    if share:  # so few that they run out
        few = lambda units, budget: np.full(len(units.counts), rng.threshold(share))  # noqa: ARG005, E731
        monkeypatch.setattr(filling, "_bounds", few)
    assert filling.first_in_random_order(units, keys, counts).tolist() == expected
    assert len(sorted_at_once) == (2 if share else 1)


@pytest.fixture(scope="module")
def loop() -> Loop:
    return loop_of(filling_loop.fill, filling_loop.SIGNATURE)


@given(sizes=instances, seed=st.integers(0, 99), rate=st.sampled_from([0.0, 0.15, 0.5, 1.0]), in_units=st.booleans())
def test_the_compiled_loop_is_the_plain_loop(loop, sizes, seed, rate, in_units):
    keys = rng.keys(seed, "mask", np.arange(len(sizes)))
    limits = [int(len(row) * rate * (1 if in_units else 2)) for row in sizes]
    budget = Budget(np.array(limits), in_units)
    assert filling.by_loop(loop, units_of(sizes), budget, keys).tolist() == plain(sizes, limits, keys, in_units)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5])
def test_the_compiled_loop_fills_as_the_arrays_do(loop, share, monkeypatch):
    draw, counts = np.random.default_rng(4), []
    for number in range(20):
        sizes = [draw.choice([1, 2, 3, 7], draw.integers(0, 900)).tolist() for _ in range(60)]
        budget = Budget(np.array([len(row) // 4 for row in sizes]), in_units=number % 2 == 0)
        units, keys = units_of(sizes), rng.keys(number, "mask", np.arange(60))
        expected = filling.by_arrays(units, budget, keys).tolist()
        with monkeypatch.context() as patch:
            if share:  # so few that most instances are done again
                few = lambda units, budget: np.full(len(units.counts), rng.threshold(share))  # noqa: ARG005, E731
                patch.setattr(filling, "_bounds", few)
            assert filling.by_loop(loop, units, budget, keys).tolist() == expected
        counts.append(len(expected))
    assert min(counts) > 0
