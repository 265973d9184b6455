"""``span``: spans of words of geometric length (SpanBERT, arXiv 1907.10529).

A random token that is not yet chosen is the anchor; the span starts with its word and has 1 to
``span_max`` words, geometric with ``span_p`` (mean 3.8 with 0.2 and 10). It ends before a word that is
chosen already, and before the first word that does not fit the budget. Spans that touch count as one.
"""

from __future__ import annotations

import numpy as np

from zhprep.core import rng
from zhprep.core.ragged import Ints
from zhprep.instances.config import InstancesConfig
from zhprep.instances.masks.budgets import budget_of
from zhprep.instances.masks.filling import in_random_order, unit_draws
from zhprep.instances.masks.growing import Starts, choice_of, grow
from zhprep.instances.masks.runs import draw_lengths, geometric
from zhprep.instances.masks.words import Choice, Units, Words


def span(words: Words, keys: rng.Bits, config: InstancesConfig) -> Choice:
    """Choose spans of words until the budget is full."""
    units, tokens = words.units, words.tokens
    draws = unit_draws(tokens, keys)
    order = in_random_order(tokens, draws)
    anchors = np.repeat(np.arange(len(units.starts)), units.sizes)[order]
    lengths = draw_lengths(draws, geometric(config.span_p, config.span_max))[order]
    starts = Starts(anchors, lengths, tokens.offsets)
    taken = grow(units, starts, budget_of(config, words, units, keys), stop_at_taken=True)
    return choice_of(units, _merged(units, taken))


def _merged(units: Units, taken: Ints) -> Ints:
    """Give spans that touch within a segment the number of the first of them: ``int64[U]``, -1 for what is not
    ``taken``."""
    chosen = np.flatnonzero(taken >= 0)
    goes_on = np.diff(chosen, prepend=-2) == 1
    goes_on[1:] &= units.segment_ends[chosen[1:]] == units.segment_ends[chosen[:-1]]
    first = np.maximum.accumulate(np.where(goes_on, 0, np.arange(len(chosen))))
    merged = taken.copy()
    merged[chosen] = units.ordinals[chosen[first]]
    return merged
