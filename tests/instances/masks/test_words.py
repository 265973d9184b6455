"""The units of a batch, and the lengths of runs."""

from __future__ import annotations

import numpy as np
import pytest
from loops import loop_of

from zhprep.core import rng
from zhprep.core.errors import UsageError
from zhprep.instances import InstancesConfig
from zhprep.instances.masks import Words, budget_of, draw_lengths, words
from zhprep.instances.masks.runs import geometric


def test_units_of_two_instances():
    words = Words(np.array([-1, 0, 0, 1, -1, 2, -1, -1, 0, 1, 1, -1], np.int16), np.array([0, 7, 12]))
    units = words.units
    assert units.starts.tolist() == [1, 3, 5, 8, 9]
    assert units.sizes.tolist() == [2, 1, 1, 1, 2]
    assert units.offsets.tolist() == [0, 3, 5]
    assert units.ordinals.tolist() == [0, 1, 2, 0, 1]
    assert units.segment_ends.tolist() == [2, 2, 3, 5, 5]
    assert words.tokens.starts.tolist() == [1, 2, 3, 5, 8, 9, 10]


def test_instances_without_special_tokens_do_not_run_together():
    words = Words(np.array([0, 0, 0, 0, 1]), np.array([0, 2, 5]))
    assert words.units.starts.tolist() == [0, 2, 4]
    assert words.units.segment_ends.tolist() == [1, 3, 3]


@pytest.mark.parametrize("budget", ["google", "floor", "ceil"])
def test_budgets_of_the_reference(budget):
    """Golden values: Python's round, half to even."""
    expected = {"google": [19, 77, 5, 2, 1], "floor": [19, 76, 4, 1, 0], "ceil": [20, 77, 5, 2, 1]}[budget]
    lengths = [128, 512, 32, 10, 2]
    words = Words(np.full(sum(lengths), -1), np.cumsum([0, *lengths]))
    config = InstancesConfig(budget=budget)
    assert budget_of(config, words, words.units, np.zeros(5, np.uint64)).limits.tolist() == expected


@pytest.mark.parametrize("lengths", [[7], [40], [100]])
def test_probabilistic_rounding_is_exact_in_the_mean(lengths):
    n = 20_000
    words = Words(np.arange(lengths[0] * n) % lengths[0], np.arange(n + 1) * lengths[0])
    keys = rng.keys(0, "mask", 0, np.arange(n))
    limits = budget_of(InstancesConfig(budget="probabilistic"), words, words.units, keys).limits
    exact = lengths[0] * 0.15
    assert abs(limits.mean() - exact) < 4 * 0.5 / np.sqrt(n)
    assert set(limits.tolist()) <= {int(exact), int(exact) + 1}


def test_word_budgets_refuse_a_limit_in_tokens():
    with pytest.raises(UsageError, match="counts words"):
        InstancesConfig(budget="words", max_predictions=20)


@pytest.mark.parametrize(
    ("weights", "mean"),
    [((0.4, 0.3, 0.2, 0.1), 2.0), ((1, 1 / 2, 1 / 3), 18 / 11), (geometric(0.2, 10), 3.797)],
    ids=["MacBERT", "ALBERT", "SpanBERT"],
)
def test_lengths_have_the_chances_of_the_papers(weights, mean):
    draws = rng.bits(rng.keys(0, "mask", 0), np.arange(200_000))
    lengths = draw_lengths(draws, weights)
    assert abs(lengths.mean() - mean) < 0.03
    expected = np.array(weights) / sum(weights)
    shares = np.bincount(lengths, minlength=len(weights) + 1)[1:] / len(lengths)
    assert (np.abs(shares - expected) < 5 * np.sqrt(expected / len(lengths))).all()


@pytest.mark.parametrize("weights", [(), (0.0, 0.0), (-1.0, 2.0)])
def test_weights_must_be_weights(weights):
    with pytest.raises(UsageError, match="weights"):
        draw_lengths(np.zeros(1, np.uint64), weights)


def test_the_compiled_loop_finds_the_words_that_the_arrays_do():
    loop, draw = loop_of(words.find_units, words.SIGNATURE), np.random.default_rng(1)
    for n_instances in [*range(6)] * 40:
        sizes = draw.integers(0, 9, n_instances)
        batch = Words(draw.integers(-1, 3, int(sizes.sum())).astype(np.int16), np.cumsum([0, *sizes]))
        found, expected = batch.units_by_loop(loop), batch.units_by_arrays()
        for name in ("starts", "sizes", "offsets"):
            assert getattr(found, name).tolist() == getattr(expected, name).tolist(), name
