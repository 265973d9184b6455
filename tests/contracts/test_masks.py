"""What every mask strategy must hold, run over every entry of the family."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_masks import PLAIN, random_batch, words_of

from zhprep.core import rng
from zhprep.instances import InstancesConfig
from zhprep.instances.config import BUDGET_RULES
from zhprep.instances.masks import BUDGETS, STRATEGIES, Words, filling

WHOLE = [name for name in STRATEGIES if name not in ("char", "chinesebert")]
strategy_names = pytest.mark.parametrize("name", STRATEGIES)


def batch_of(instances):
    """A flat batch of word-index lists."""
    offsets = np.cumsum([0, *map(len, instances)])
    return Words(np.array([word for instance in instances for word in instance], np.int16), offsets)


def choose(name, instances, keys, **settings):
    return STRATEGIES[name](batch_of(instances), keys, InstancesConfig(mask=name, **settings))


def split(choice, instances):
    """The choice as one {position: span} per instance."""
    offsets = np.cumsum([0, *map(len, instances)])
    rows = [{} for _ in instances]
    for position, span in zip(choice.positions.tolist(), choice.spans.tolist(), strict=True):
        row = int(np.searchsorted(offsets, position, side="right")) - 1
        rows[row][position - int(offsets[row])] = span
    return rows


def keys_of(n, seed=0):
    return rng.keys(seed, "mask", 0, np.arange(n))


def test_every_strategy_has_a_plain_twin():
    assert set(PLAIN) == set(STRATEGIES)


@strategy_names
@pytest.mark.parametrize("budget", BUDGETS)
def test_chooses_what_plain_loops_choose(name, budget):
    instances = random_batch(1, 60)
    keys = keys_of(len(instances))
    config = InstancesConfig(mask=name, budget=budget)
    got = split(STRATEGIES[name](batch_of(instances), keys, config), instances)
    for row, key, chosen in zip(instances, keys.tolist(), got, strict=True):
        assert chosen == PLAIN[name](row, key, config)


@strategy_names
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_chooses_what_plain_loops_choose_anywhere(name, data):
    rows = data.draw(st.lists(st.lists(st.integers(1, 9), max_size=25), min_size=1, max_size=5))
    instances = [[-1, *np.repeat(np.arange(len(row)), row).tolist(), -1] for row in rows]
    config = InstancesConfig(
        mask=name,
        mask_prob=data.draw(st.sampled_from([0.0, 0.15, 0.4, 1.0])),
        max_predictions=data.draw(st.sampled_from([None, 1, 3])),
    )
    keys = keys_of(len(rows), data.draw(st.integers(0, 5)))
    got = split(STRATEGIES[name](batch_of(instances), keys, config), instances)
    assert got == [PLAIN[name](row, key, config) for row, key in zip(instances, keys.tolist(), strict=True)]


def test_no_instance_goes_on_with_the_starts_of_the_next_one():
    """Found by the test above: the third instance has room left when its starts are at their end, after a sweep."""
    sizes = ([], [], [1, 3, 1, 4, 1, 3, 3, 3, 1, 1, 1, 1], [1, 2, 6, 1, 1, 1, 1, 1, 3, 1])
    instances = [[-1, *np.repeat(np.arange(len(row)), row).tolist(), -1] for row in sizes]
    config, keys = InstancesConfig(mask="ngram", mask_prob=0.4), keys_of(len(sizes), 4)
    got = split(STRATEGIES["ngram"](batch_of(instances), keys, config), instances)
    assert got == [PLAIN["ngram"](row, key, config) for row, key in zip(instances, keys.tolist(), strict=True)]


@strategy_names
def test_the_share_that_is_sorted_changes_nothing(name, monkeypatch):
    instances = random_batch(2, 300)
    keys = keys_of(len(instances))
    all_sorted = choose(name, instances, keys)
    monkeypatch.setattr(filling, "FEW", 0)
    few_sorted = choose(name, instances, keys)
    assert np.array_equal(all_sorted.positions, few_sorted.positions)
    assert np.array_equal(all_sorted.spans, few_sorted.spans)


@strategy_names
def test_positions_are_sorted_unique_and_never_special(name):
    instances = random_batch(3, 200)
    choice = choose(name, instances, keys_of(len(instances)))
    assert (np.diff(choice.positions) > 0).all()
    assert (batch_of(instances).word_ids[choice.positions] >= 0).all()


@strategy_names
def test_an_instance_does_not_depend_on_its_neighbours(name):
    instances = random_batch(4, 100)
    keys = keys_of(len(instances))
    together = split(choose(name, instances, keys), instances)
    for size in (1, 7, 64):
        apart = []
        for first in range(0, len(instances), size):
            part = instances[first : first + size]
            apart += split(choose(name, part, keys[first : first + size]), part)
        assert apart == together
    order = np.random.default_rng(0).permutation(len(instances))
    mixed = [instances[i] for i in order]
    shuffled = split(choose(name, mixed, keys[order]), mixed)
    assert [shuffled[i] for i in np.argsort(order)] == together


LIMITS = [{}, {"max_predictions": 5}, {"mask_prob": 0.4}]
UNLIMITED = {"chinesebert"}  # its tokens decide for themselves, but for max_predictions
cases = [
    (name, limits) for name in STRATEGIES for limits in LIMITS if name not in UNLIMITED or "max_predictions" in limits
]


@pytest.mark.parametrize(("name", "settings"), cases)
def test_stays_within_the_budget(name, settings):
    instances = random_batch(5, 200)
    most = settings.get("max_predictions") or 10**6
    chosen = split(choose(name, instances, keys_of(len(instances)), **settings), instances)
    for row, picked in zip(instances, chosen, strict=True):
        assert len(picked) <= min(most, max(1, round(len(row) * settings.get("mask_prob", 0.15))))


@pytest.mark.parametrize("name", WHOLE)
def test_words_are_chosen_whole(name):
    instances = random_batch(6, 200)
    for row, picked in zip(instances, split(choose(name, instances, keys_of(len(instances))), instances), strict=True):
        for word in words_of(row):
            assert len(set(word) & set(picked)) in (0, len(word))


@strategy_names
def test_spans_never_cross_a_separator(name):
    instances = random_batch(7, 200)
    for row, picked in zip(instances, split(choose(name, instances, keys_of(len(instances))), instances), strict=True):
        by_span = {}
        for position, span in picked.items():
            by_span.setdefault(span, []).append(position)
        for positions in by_span.values():
            assert positions == list(range(positions[0], positions[-1] + 1))
            assert min(row[positions[0] : positions[-1] + 1]) >= 0


@strategy_names
def test_another_key_chooses_other_tokens(name):
    instances = random_batch(8, 50)
    first = choose(name, instances, keys_of(len(instances), seed=0))
    second = choose(name, instances, keys_of(len(instances), seed=1))
    assert not np.array_equal(first.positions, second.positions)


@strategy_names
def test_nothing_to_choose_from(name):
    for instances in ([], [[]], [[-1, -1]], [[-1, -1], [], [-1, 0, -1]]):
        choice = choose(name, instances, keys_of(len(instances)))
        assert choice.positions.tolist() in ([], [3])


def test_settings_name_every_budget_rule():
    assert tuple(BUDGETS) == BUDGET_RULES
