"""``mac``: n-grams of whole words found one after the other (MacBERT, arXiv 2004.13922).

A pointer goes through each segment: it takes 1, 2, 3 or 4 words (``ngram_weights``, 40/30/20/10 %) as one
n-gram and jumps behind them, as the author describes it (ymcui/MacBERT issue 13). The n-grams are then
chosen in random order; one that does not fit the budget is shortened to the words that do.
"""

from __future__ import annotations

import numpy as np

from zhprep.core import rng
from zhprep.core.ragged import Bools, Ints
from zhprep.instances.config import InstancesConfig
from zhprep.instances.masks.budgets import budget_of
from zhprep.instances.masks.filling import in_random_order, unit_draws
from zhprep.instances.masks.growing import Starts, choice_of, grow
from zhprep.instances.masks.runs import draw_lengths
from zhprep.instances.masks.words import Choice, Units, Words


def mac(words: Words, keys: rng.Bits, config: InstancesConfig) -> Choice:
    """Choose n-grams of a partition of the words until the budget is full."""
    units = words.units
    draws = unit_draws(units, keys)
    lengths = draw_lengths(draws, config.ngram_weights)
    first = first_words(units, lengths)
    order = in_random_order(units, draws)
    order = order[first[order]]
    offsets = np.searchsorted(np.flatnonzero(first), units.offsets)
    starts = Starts(order, lengths[order], offsets)
    return choice_of(units, grow(units, starts, budget_of(config, words, units, keys), stop_at_taken=False))


def first_words(units: Units, lengths: Ints) -> Bools:
    """Return True for the words at which the pointer stops: it starts with each segment and jumps by ``lengths``."""
    first = np.zeros(len(lengths), np.bool_)
    ends = units.stops
    pointer = np.concatenate([[0], ends[:-1]]).astype(np.int64)[: len(ends)]
    while len(pointer):
        first[pointer] = True
        pointer = pointer + lengths[pointer]
        within = pointer < ends
        pointer, ends = pointer[within], ends[within]
    return first
