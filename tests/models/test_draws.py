from __future__ import annotations

import numpy as np
import torch

from zhprep.core import rng
from zhprep.models.draws import bits, uniform


def test_bits_are_those_of_the_rest_of_zhprep():
    keys = rng.keys(7, "model", 3, np.arange(50))
    index = np.arange(-4, 996)
    expected = rng.bits(keys[:, None], index)
    found = bits(torch.from_numpy(keys.view(np.int64))[:, None], torch.from_numpy(index))
    assert np.array_equal(found.numpy().view(np.uint64), expected)
    assert np.array_equal(bits(torch.from_numpy(keys.view(np.int64)), 5).numpy().view(np.uint64), rng.bits(keys, 5))


def test_uniform_draws_are_even_and_never_an_end():
    drawn = uniform(bits(torch.tensor([[3]]), torch.arange(100_000)))
    counts = torch.histc(drawn, 10, 0, 1)
    assert (counts - 10_000).abs().max() < 400  # four standard deviations are 380
    ends = uniform(torch.tensor([0, -1, 1 << 62, -(1 << 63)]))
    assert ends.min() > 0
    assert ends.max() < 1
