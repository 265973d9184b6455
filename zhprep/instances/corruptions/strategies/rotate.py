"""``rotate``: the text starts at a random word, and what was before it comes last (BART, arXiv 1910.13461 §2.2).

At a random token with ``--mask char``. The special tokens stay where they are, so that every document turns by itself.
"""

from __future__ import annotations

import numpy as np

from zhprep.core import rng
from zhprep.core.ragged import ranges
from zhprep.instances.corruptions.corrupted import Conditions, Corrupted


def rotate(text: Corrupted, conditions: Conditions) -> Corrupted:
    """Rotate every instance."""
    units = conditions.units(text)
    if not len(units.starts):
        return text
    after = units.stops
    first = np.concatenate([[0], after[:-1]])
    begins, ends = units.starts[first], units.starts[after - 1] + units.sizes[after - 1]
    rows = np.searchsorted(units.offsets, first, side="right") - 1
    draws = rng.bits(conditions.keys("rotate", text)[rows], begins - text.offsets[rows])
    turned = units.starts[first + rng.below(draws, after - first)] - begins
    sizes = ends - begins
    places = ranges(begins, sizes)
    sources = places + np.repeat(turned, sizes)
    sources -= np.where(sources >= np.repeat(ends, sizes), np.repeat(sizes, sizes), 0)
    order = np.arange(len(text.input_ids))
    order[places] = sources
    return text.reordered(order)
