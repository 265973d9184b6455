"""``chinesebert``: by whole words in 90 % of the instances, by single tokens in the others (arXiv 2106.16038).

In the second case every token decides for itself, as in the first author's pretraining code.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from zhprep.core import rng
from zhprep.instances.config import InstancesConfig
from zhprep.instances.masks.budgets import budget_of
from zhprep.instances.masks.filling import fill
from zhprep.instances.masks.words import Choice, Words

COIN = 1 << 41
"""Index of the draw of an instance that decides between words and tokens: beyond any unit."""


def chinesebert(words: Words, keys: rng.Bits, config: InstancesConfig) -> Choice:
    """Choose words in some instances and tokens in the others."""
    by_words = rng.chance(rng.bits(keys, COIN), config.whole_word_prob)
    single = dataclasses.replace(config, budget="bernoulli", max_predictions=None)
    word_budget = budget_of(config, words, words.units, keys)
    token_budget = budget_of(single, words, words.tokens, keys)
    most = (
        token_budget.limits
        if config.max_predictions is None
        else np.minimum(token_budget.limits, config.max_predictions)
    )
    chosen_words = fill(words.units, dataclasses.replace(word_budget, limits=word_budget.limits * by_words), keys)
    chosen_tokens = fill(words.tokens, dataclasses.replace(token_budget, limits=most * ~by_words), keys)
    whole, alone = Choice.of_units(words.units, chosen_words), Choice.of_units(words.tokens, chosen_tokens)
    positions = np.concatenate([whole.positions, alone.positions])
    order = np.argsort(positions, kind="stable")
    return Choice(positions[order], np.concatenate([whole.spans, alone.spans])[order])
