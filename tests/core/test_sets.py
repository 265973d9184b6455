"""Arrays as sets: the same as numpy's own functions give."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from zhprep.core.sets import among, distinct


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
from zhprep.core.sets import among, distinct
distinct(np.arange(9)), among(np.arange(9), [3])
assert "numpy.ma" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
