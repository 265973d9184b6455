"""Like things in gaps, and divisions: every outcome has the same chance."""

from __future__ import annotations

from collections import Counter
from math import comb

import numpy as np
import pytest

from zhprep.core import rng
from zhprep.instances.corruptions.urns import divide, drop

N = 20_000


def outcomes(values, per_row):
    return Counter(tuple(sorted(row)) for row in values.reshape(N, per_row).tolist())


def chi_square(counts, n_outcomes):
    expected = N / n_outcomes
    return sum((count - expected) ** 2 / expected for count in counts.values()) + (n_outcomes - len(counts)) * expected


@pytest.mark.parametrize(("things", "gaps"), [(1, 7), (2, 3), (3, 4), (5, 2)])
def test_every_way_to_lie_in_gaps_has_the_same_chance(things, gaps):
    keys = rng.keys(0, "urn", np.arange(N))
    found = drop(keys, 1 << 40, np.full(N, things), np.full(N, gaps))
    n_outcomes = comb(things + gaps - 1, things)
    counts = outcomes(found, things)
    assert len(counts) == n_outcomes
    assert chi_square(counts, n_outcomes) < n_outcomes + 7 * np.sqrt(2 * n_outcomes)


@pytest.mark.parametrize(("total", "parts"), [(5, 1), (6, 2), (7, 3), (6, 6)])
def test_every_division_has_the_same_chance(total, parts):
    found = divide(rng.keys(0, "divide", np.arange(N)), 0, np.full(N, total), np.full(N, parts)).reshape(N, parts)
    assert (found.sum(axis=1) == total).all()
    assert (found >= 1).all()
    counts = Counter(map(tuple, found.tolist()))
    n_outcomes = comb(total - 1, parts - 1)
    assert len(counts) == n_outcomes
    assert chi_square(counts, n_outcomes) < n_outcomes + 7 * np.sqrt(2 * n_outcomes)


def test_rows_of_all_sizes_and_none():
    totals, parts = np.array([0, 5, 0, 3, 9]), np.array([0, 2, 0, 3, 1])
    found = divide(rng.keys(0, "divide", np.arange(5)), 0, totals, parts)
    assert [found[:2].sum(), found[2:5].tolist(), found[5:].tolist()] == [5, [1, 1, 1], [9]]
    assert divide(rng.keys(0, "divide", np.arange(0)), 0, totals[:0], parts[:0]).tolist() == []
