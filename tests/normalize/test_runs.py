"""Runs of stops found by the compiled loop, against the same by arrays."""

from __future__ import annotations

import numpy as np
from loops import loop_of

from zhprep.normalize import marks
from zhprep.normalize.runs import SIGNATURE, Runs, find_runs


def test_the_loop_finds_what_the_arrays_do() -> None:
    loop, random = loop_of(find_runs, SIGNATURE), np.random.default_rng(1)
    n_runs = 0
    for size in [*range(12)] * 30:
        kinds = np.full(size + 2, marks.EDGE, np.uint8)
        kinds[1:-1] = random.integers(0, marks.STOP + 1, size)
        found, expected = (find(kinds.astype(np.uint32), kinds) for find in (loop_find(loop), Runs.by_arrays))
        for name in ("first", "last", "after", "strongest", "n_stops"):
            assert getattr(found, name).tolist() == getattr(expected, name).tolist(), name
        assert found.strongest.dtype == expected.strongest.dtype
        n_runs += len(found.first)
    assert n_runs


def loop_find(loop):
    return lambda codes, kinds: Runs.by_loop(loop, codes, kinds)
