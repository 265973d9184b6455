from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhprep.engine.order import permute, positions


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 16, 17, 255, 256, 257, 10_007])
def test_every_row_comes_once_in_an_epoch(n):
    rows = permute(np.arange(n), n, np.full(n, 3), seed=1)
    assert sorted(rows.tolist()) == list(range(n))


@given(n=st.integers(1, 300), seed=st.integers(0, 9), batch=st.integers(1, 40))
def test_steps_are_one_after_another_pieces_of_the_epochs(n, seed, batch):
    """However the run is cut into steps, position g is row g mod n of epoch g // n."""
    n_steps = -(-3 * n // batch)
    pieces = [positions(step * batch, batch, n, seed) for step in range(n_steps)]
    rows, epochs = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
    assert epochs.tolist() == (np.arange(n_steps * batch) // n).tolist()
    whole = positions(0, n_steps * batch, n, seed)[0]
    assert rows.tolist() == whole.tolist()
    for epoch in range(3):
        assert sorted(rows[epoch * n : (epoch + 1) * n].tolist()) == list(range(n))


def test_epochs_and_seeds_have_orders_of_their_own():
    n = 1000
    orders = [permute(np.arange(n), n, np.full(n, epoch), seed) for epoch in range(3) for seed in range(3)]
    for i, one in enumerate(orders):
        for other in orders[:i]:
            assert (one == other).sum() < 10


def test_an_order_is_not_near_the_one_on_disk():
    """Neighbours are as far apart as in a random order, whose mean distance is a third of n."""
    n = 20_000
    rows = permute(np.arange(n), n, np.zeros(n, np.int64), seed=0)
    assert abs(np.abs(np.diff(rows)).mean() / n - 1 / 3) < 0.01
    assert abs(np.corrcoef(np.arange(n), rows)[0, 1]) < 0.03


def test_the_order_of_a_seed_does_not_change_between_versions():
    assert permute(np.arange(10), 10, np.zeros(10, np.int64), seed=0).tolist() == GOLDEN


GOLDEN = [9, 6, 0, 3, 8, 4, 2, 1, 5, 7]
