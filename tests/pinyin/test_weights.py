"""Reading pickled tables as opcodes: what is wanted is found, and nothing is ever called."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from zhprep.core.errors import DataError
from zhprep.pinyin.network import Weights
from zhprep.pinyin.weights.build import SHAPES, read_arrays, read_lists, read_numbers


class Trap:
    """An object that calls something when it is unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("something was unpickled",))


def test_tables_are_read():
    assert read_numbers(pickle.dumps({"中": 1, "了": 2}, 3)) == {"中": 1, "了": 2}
    readings = {"中": ["zhong1", "zhong4"], "我": ["wo3"], "了": ["le5", "liao3", "liao4"]}
    assert read_lists(pickle.dumps(readings, 3)) == readings


def test_arrays_are_read():
    arrays = {name: np.arange(np.prod(shape), dtype="<f4").reshape(shape) for name, shape in SHAPES.items()}
    found = read_arrays(pickle.dumps(arrays, 3))
    assert set(found) == set(arrays)
    assert all((found[name] == arrays[name]).all() for name in arrays)


def test_nothing_is_called():
    with pytest.raises(DataError, match="the weights lack"):
        read_arrays(pickle.dumps({"embedding.weight": Trap()}, 3))
    with pytest.raises(DataError, match="not a pickled table of numbers"):
        read_numbers(pickle.dumps({1: "中"}, 3))


def test_the_weights_that_travel_are_plain_arrays():
    weights = Weights.load()
    assert all(weights.arrays[name].shape == shape for name, shape in SHAPES.items())
    assert (weights.candidates[weights.polyphone[ord("行")]] >= 0).sum() >= 2
    assert weights.polyphone[ord("我")] == -1
