"""Arrays as sets: the same as numpy's own functions give."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from zhprep.core.sets import among, distinct, marked


@pytest.mark.parametrize("size", [0, 1, 2, 500])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint32, np.int64])
def test_like_numpy(size: int, dtype: type) -> None:
    values = np.random.default_rng(size).integers(0, 100, size).astype(dtype)
    assert np.array_equal(distinct(values), np.unique(values))
    assert distinct(values).dtype == dtype
    few = frozenset({3, 5, 70})
    assert np.array_equal(among(values, few), np.isin(values, list(few)))


def test_among_in_more_dimensions() -> None:
    values = np.arange(12).reshape(3, 4)
    assert np.array_equal(among(values, (1, 11)), np.isin(values, (1, 11)))


def test_needs_no_masked_arrays() -> None:
    code = """
import sys
import numpy as np
from zhprep.core.sets import among, distinct, marked
distinct(np.arange(9)), among(np.arange(9), [3])
assert "numpy.ma" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("marks", [[], [0], [0, 4], [3, 299], [255, 256], [999], [0, 999]])
def test_marked_like_the_table(marks: list[int]) -> None:
    table = np.zeros(1000, np.bool_)
    table[marks] = True
    ids = np.random.default_rng(1).integers(0, 1200, 5000).astype(np.uint16)
    for some in (ids, ids.astype(np.int32), ids % 300, ids[:0]):
        assert np.array_equal(marked(some, table), table.take(some, mode="clip"))
    assert np.array_equal(marked(np.array([0, 1]), np.ones(1, np.bool_)), [True, True])
