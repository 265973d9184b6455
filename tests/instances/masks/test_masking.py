"""Masking a batch: blocks do not matter; pinyin does not tell."""

from __future__ import annotations

import numpy as np
import pytest
from plain_masks import random_batch

from zhprep.core.errors import DataError
from zhprep.instances import Flat, InstancesConfig, TokenFacts, corrupt_batch, mask_batch
from zhprep.instances.masks import KEEP, MASK, STRATEGIES, mask_pinyin_ids, masking

FACTS = TokenFacts(4, np.arange(10, 500))


def flat_of(n, seed=0):
    rows = random_batch(seed, n)
    words = np.array([word for row in rows for word in row], np.int16)
    ids = np.random.default_rng(seed).integers(10, 500, len(words)).astype(np.uint16)
    return Flat(ids, words, np.cumsum([0, *map(len, rows)]), np.arange(n) * 7)


@pytest.mark.parametrize("name", STRATEGIES)
def test_blocks_do_not_matter(name, monkeypatch):
    config = InstancesConfig(mask=name)
    whole = mask_batch(flat_of(400), config, FACTS)
    monkeypatch.setattr(masking, "BLOCK", 500)
    flat = flat_of(400)
    assert len(flat.blocks) > 20
    cut = mask_batch(flat, config, FACTS)
    for field in ("input_ids", "positions", "offsets", "labels", "kinds"):
        assert np.array_equal(getattr(whole, field), getattr(cut, field)), field


def test_very_many_short_instances_are_masked_as_they_are_alone():
    n = masking.MOST + 3000
    words = np.tile(np.array([-1, 0, 1, -1], np.int16), n)  # the last would have the number of the 3000th
    ids = np.tile(np.array([2, 10, 11, 3], np.uint16), n)
    flat = Flat(ids, words, np.arange(n + 1) * 4, np.arange(n))
    assert len(ids) <= 2 * masking.BLOCK + 12000
    masked = mask_batch(flat, InstancesConfig(), FACTS)
    last = Flat(ids[:12000], words[:12000], np.arange(3001) * 4, np.arange(n - 3000, n))
    assert np.array_equal(masked.input_ids[-12000:], mask_batch(last, InstancesConfig(), FACTS).input_ids)
    assert np.array_equal(np.diff(masked.offsets), np.ones(n))


def test_epochs_and_seeds_differ_and_repeat():
    flat = flat_of(100)
    first = mask_batch(flat, InstancesConfig(), FACTS, 0)
    assert np.array_equal(first.input_ids, mask_batch(flat, InstancesConfig(), FACTS, 0).input_ids)
    assert not np.array_equal(first.positions, mask_batch(flat, InstancesConfig(), FACTS, 1).positions)
    assert not np.array_equal(first.positions, mask_batch(flat, InstancesConfig(seed=1), FACTS, 0).positions)


def test_every_replacement_is_put_at_the_same_positions():
    """MacBERT's comparison is fair only so."""
    flat = flat_of(100)
    positions = [mask_batch(flat, InstancesConfig(replacement=name), FACTS).positions for name in ("bert", "random")]
    assert np.array_equal(*positions)


class Loud:
    """Says the number of a token and one more."""

    def draw(self, token_ids, random):
        assert len(token_ids) == len(random)
        return (token_ids + 1).astype(np.uint16)


def test_the_sound_of_a_masked_token_is_not_given_away():
    flat = flat_of(300)
    pinyin_ids = (flat.input_ids % 97 + 1).astype(np.uint16)
    config = InstancesConfig()
    masked = mask_batch(flat, config, FACTS)
    for facts, replaced in ((FACTS, np.zeros(500)), (TokenFacts(4, FACTS.pool, readings=Loud()), np.arange(500) + 1)):
        heard = mask_pinyin_ids(pinyin_ids, flat, masked, config, facts, 0)
        at = heard[masked.positions]
        assert (at[masked.kinds == MASK] == 0).all()
        assert (at[masked.kinds == KEEP] == pinyin_ids[masked.positions][masked.kinds == KEEP]).all()
        other = (masked.kinds != MASK) & (masked.kinds != KEEP)
        assert (at[other] == replaced[masked.input_ids[masked.positions][other]]).all()
        untouched = np.ones(len(pinyin_ids), bool)
        untouched[masked.positions] = False
        assert (heard[untouched] == pinyin_ids[untouched]).all()


def test_what_is_put_in_differs_between_epochs_where_the_same_is_chosen():
    flat = flat_of(100)
    config = InstancesConfig(mask="char", mask_prob=1.0)
    first, second = (mask_batch(flat, config, FACTS, epoch) for epoch in (0, 1))
    assert np.array_equal(first.positions, second.positions)
    assert 0.2 < (first.kinds != second.kinds).mean() < 0.5  # 1 - .8**2 - .1**2 - .1**2 = .34


@pytest.mark.parametrize("make", [mask_batch, corrupt_batch])
def test_special_tokens_in_the_text_are_refused(make):
    never_text = np.arange(600) < 10
    facts = TokenFacts(4, np.arange(10, 500), never_text=never_text, marks=np.zeros(600, np.uint8))
    flat, config = flat_of(50), InstancesConfig(corruption=("infill",) if make is corrupt_batch else ())
    make(flat, config, facts)
    wrong = flat.input_ids.copy()
    wrong[np.flatnonzero(flat.word_ids >= 0)[7]] = 3
    with pytest.raises(DataError, match="1 tokens of the text are special tokens, the first has the id 3"):
        make(Flat(wrong, flat.word_ids, flat.offsets, flat.instance_ids), config, facts)
