"""``infill``: spans of words each become one mask token (BART, arXiv 1910.13461 §2.2; fairseq's denoising data set).

Lengths are drawn from a Poisson distribution with mean ``span_mean`` until they add up to the ``rate`` of the words,
rounded up; the last is cut to fit. Each span starts at another random word and ends at the latest with its segment.
Spans that run into one another are one, so that a little less than the rate is covered. A span of length 0 puts a mask
token between two random tokens. With ``--mask char``, for words read tokens.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from zhprep.core import rng
from zhprep.core.errors import UsageError
from zhprep.core.ragged import Ints, offsets_of, ranges
from zhprep.instances.corruptions.corrupted import Conditions, Corrupted
from zhprep.instances.corruptions.urns import drop
from zhprep.instances.masks import draw_lengths, first_in_random_order

INSERTIONS, LENGTHS = 1 << 40, 1 << 41
"""Indices of the first draws of where masks are put in and of how long spans are: beyond any word of an instance."""

_END = np.int64(0xFFFFFFFF)

LONGEST = 500
"""The greatest mean length of spans."""


def infill(text: Corrupted, conditions: Conditions) -> Corrupted:
    """Replace spans of every instance by one mask token each."""
    keys, units, config = conditions.keys("infill", text), conditions.units(text), conditions.config
    budgets = np.minimum(np.ceil(units.counts * config.mask_prob).astype(np.int64), units.counts)
    lengths = draw_spans(budgets, keys, config.span_mean)
    starts = first_in_random_order(units, keys, lengths.n_spans)
    starts, ends = joined(starts, np.minimum(starts + lengths.spans, units.segment_ends[starts]))
    filled = text.with_spans(units, starts, ends, conditions.facts.mask)
    gaps = drop(keys, INSERTIONS, lengths.n_empty, np.maximum(np.diff(filled.offsets) - 1, 1))
    return filled.inserted(lengths.n_empty, gaps, conditions.facts.mask)


def joined(starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
    """Return spans in order, those that overlap as one: where each starts and ends, ``int64[J]`` each. No two of the
    ``starts`` ``int64[S]`` are the same; numbers are below 2**31."""
    spans = starts << 32
    spans |= ends
    spans.sort()  # the numbers themselves are sorted faster than their order is found
    starts, ends = spans >> 32, np.maximum.accumulate(spans & _END)
    opens = np.ones(len(spans) + 1, np.bool_)
    np.greater_equal(starts[1:], ends[:-1], out=opens[1:-1])
    return starts[opens[:-1]], ends[opens[1:]]


@dataclasses.dataclass(frozen=True)
class Lengths:
    """The lengths of the ``spans`` that are not empty, ``n_spans`` ``int64[B]`` of them in each instance, and how many
    are empty, ``n_empty`` ``int64[B]``."""

    spans: Ints
    n_spans: Ints
    n_empty: Ints


def draw_spans(budgets: Ints, keys: rng.Bits, mean: float) -> Lengths:
    """Draw lengths for every instance until they add up to its budget; the last one is cut."""
    drawn, offsets = _enough(budgets, keys, mean)
    ends = offsets_of(drawn)
    wanted = ends[offsets[:-1]] + budgets
    last = np.searchsorted(ends, wanted) - 1
    counts = np.where(budgets > 0, last + 1 - offsets[:-1], 0)
    some = budgets > 0
    drawn[last[some]] -= (ends[last + 1] - wanted)[some]
    lengths = drawn[ranges(offsets[:-1], counts)]
    n_spans = np.diff(offsets_of(lengths > 0)[offsets_of(counts)])
    return Lengths(lengths[lengths > 0], n_spans, counts - n_spans)


def _enough(budgets: Ints, keys: rng.Bits, mean: float) -> tuple[Ints, Ints]:
    """Return draws of lengths for every instance that add up to its budget (``int64[B]``) at least, and their offsets:
    ``int64[L]``, ``int64[B + 1]``."""
    weights = poisson(mean)
    counts = ((budgets + 5 * np.sqrt(budgets)) / mean).astype(np.int64) + 6
    while True:
        offsets = offsets_of(counts)
        index = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
        drawn = draw_lengths(rng.bits(np.repeat(keys, counts), LENGTHS + index), weights) - 1
        short = np.diff(offsets_of(drawn)[offsets]) < budgets
        if not short.any():
            return drawn, offsets
        counts = np.where(short, 2 * counts, counts)


def poisson(mean: float) -> list[float]:
    """Return the weights of the lengths 0, 1, 2, … of a Poisson distribution, up to where they no longer count.

    Raises ``UsageError`` for a mean whose weights no float can hold.
    """
    if mean > LONGEST:
        raise UsageError(f"span_mean is {mean}; infill takes at most {LONGEST}", hint="take a smaller --span-mean")
    weights = [1.0]
    while len(weights) <= mean or weights[-1] > 1e-10 * sum(weights):
        weights.append(weights[-1] * mean / len(weights))
    return weights
