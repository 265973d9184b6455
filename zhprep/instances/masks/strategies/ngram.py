"""``ngram``: runs of whole words that start anywhere (ALBERT, arXiv 1909.11942).

The words are tried in random order; each wants a run of 1, 2, 3, … words with the chances
``ngram_weights``. A run is shortened to what fits the budget, and not made if a word of it is already
chosen. ALBERT's weights are (1, 1/2, 1/3).
"""

from __future__ import annotations

from zhprep.core import rng
from zhprep.instances.config import InstancesConfig
from zhprep.instances.masks.budgets import budget_of
from zhprep.instances.masks.filling import in_random_order, unit_draws
from zhprep.instances.masks.growing import Starts, choice_of, grow
from zhprep.instances.masks.runs import draw_lengths
from zhprep.instances.masks.words import Choice, Words


def ngram(words: Words, keys: rng.Bits, config: InstancesConfig) -> Choice:
    """Choose runs of words until the budget is full."""
    units = words.units
    draws = unit_draws(units, keys)
    order = in_random_order(units, draws)
    starts = Starts(order, draw_lengths(draws, config.ngram_weights)[order], units.offsets)
    return choice_of(units, grow(units, starts, budget_of(config, words, units, keys), stop_at_taken=False))
