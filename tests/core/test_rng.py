"""Draws are fixed for ever by their address, and look like chance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhprep.core import rng

SEEDS = st.integers(-(2**63), 2**63)


def test_known_answers() -> None:
    assert rng.bits(np.zeros(1, np.uint64), np.arange(3)).tolist() == [
        0xE220A8397B1DCDAF,  # splitmix64 as published, from state 0
        0x6E789E6AA1B965F4,
        0x06C45D188009454F,
    ]
    assert rng.keys(0, "mask").tolist() == [0xC00BCDB6BB7898FC]
    assert rng.keys(12345, "mask", 3, np.array([0, 1, 1 << 32])).tolist() == [
        0xB6D1FEB1A1169C8F, 0xF15ECA5694F1A41D, 0xC885D5650D88F213,
    ]  # fmt: skip
    random = rng.bits(rng.keys(7, "x"), np.arange(8))
    assert random[:3].tolist() == [0x0E94A355B5A76146, 0xCFDC55F0B4720F43, 0x5CBCC8089F1F370A]
    assert rng.below(random, 10).tolist() == [0, 8, 3, 1, 2, 6, 1, 4]


@given(SEEDS, st.integers(0, 1000), st.lists(st.integers(0, 2**62), min_size=1, max_size=30), st.integers(0, 30))
def test_a_batch_may_be_split_and_ordered_anyhow(seed: int, epoch: int, instances: list[int], cut: int) -> None:
    ids = np.array(instances)
    whole = rng.keys(seed, "mask", epoch, ids)
    assert np.array_equal(
        np.concatenate([rng.keys(seed, "mask", epoch, part) for part in (ids[:cut], ids[cut:])]), whole
    )
    assert np.array_equal(rng.keys(seed, "mask", epoch, ids[::-1])[::-1], whole)
    assert [int(rng.keys(seed, "mask", epoch, i)[0]) for i in instances] == whole.tolist()
    assert np.array_equal(rng.keys(seed, "mask", np.full(len(ids), epoch), ids), whole)


def test_neighbouring_addresses_share_nothing() -> None:
    index = np.arange(2000)
    drawn = [
        rng.bits(rng.keys(seed, purpose, epoch, instance), index)
        for seed in (0, 1, 2)
        for purpose in ("mask", "pair")
        for epoch in (0, 1)
        for instance in (0, 1, 1 << 32)
    ]
    assert len(np.unique(np.concatenate(drawn))) == len(drawn) * len(index)


def test_a_seed_more_is_not_an_instance_more() -> None:
    ids = np.arange(10_000)
    assert not np.intersect1d(rng.keys(6, "mask", ids), rng.keys(5, "mask", ids)).size
    assert not np.intersect1d(rng.keys(5, "mask", 1, ids), rng.keys(5, "mask", 0, ids)).size
    assert rng.keys(1, "2/x")[0] != rng.keys(1, "2", 0)[0] != rng.keys(12, "x")[0]


@pytest.mark.parametrize("n", [2, 3, 10, 1000])
def test_below_is_uniform(n: int) -> None:
    draws = rng.below(rng.bits(rng.keys(1, "uniform"), np.arange(200_000)), n)
    counts = np.bincount(draws, minlength=n)
    assert len(counts) == n
    chi_square = float(((counts - 200_000 / n) ** 2 / (200_000 / n)).sum())
    assert abs(chi_square - (n - 1)) < 4 * np.sqrt(2 * (n - 1)) + 4


def test_below_takes_a_bound_for_each() -> None:
    random = rng.bits(rng.keys(1, "bounds"), np.arange(10_000))
    bounds = np.arange(10_000) % 7 + 1
    draws = rng.below(random, bounds)
    assert ((draws >= 0) & (draws < bounds)).all()
    assert (draws[bounds == 1] == 0).all()
    assert rng.below(np.array([2**64 - 1], np.uint64), 2**32 - 1).tolist() == [2**32 - 2]


@pytest.mark.parametrize("bit", range(64))
def test_every_bit_is_fair(bit: int) -> None:
    random = rng.bits(rng.keys(3, "bits"), np.arange(40_000))
    ones = int(((random >> np.uint64(bit)) & np.uint64(1)).sum())
    assert abs(ones - 20_000) < 5 * 100


@pytest.mark.parametrize("probability", [0.0, 1e-3, 0.15, 0.5, 0.9, 1.0])
def test_chance_keeps_its_rate(probability: float) -> None:
    random = rng.bits(rng.keys(4, "chance"), np.arange(200_000))
    hits = int(rng.chance(random, probability).sum())
    if probability in (0.0, 1.0):
        assert hits == 200_000 * probability
    assert abs(hits - 200_000 * probability) <= 4 * np.sqrt(200_000 * probability * (1 - probability))


def test_chance_at_the_edges() -> None:
    ends = np.array([0, 2**64 - 1], np.uint64)
    assert rng.chance(ends, 1.0).tolist() == [True, True]
    assert rng.chance(ends, 0.0).tolist() == [False, False]
    assert rng.chance(ends, np.nextafter(1.0, 0.0)).tolist() == [True, False]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=6), st.integers(0, 9))
def test_bits_within_rows_are_those_of_each_number(sizes, seed):
    key = rng.keys(seed, "mask", np.arange(len(sizes)))
    expected = [int(rng.bits(key[row : row + 1], number)[0]) for row, n in enumerate(sizes) for number in range(n)]
    assert rng.bits_within(key, np.cumsum([0, *sizes])).tolist() == expected
