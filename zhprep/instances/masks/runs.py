"""How many words a run has: draws from given weights.

In: random bits and weights. Out: lengths from 1. The lower half of the bits is used; the upper half orders the starts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zhprep.core import rng
from zhprep.core.errors import UsageError
from zhprep.core.ragged import Ints

_LOW = np.uint64(0xFFFFFFFF)


def draw_lengths(draws: rng.Bits, weights: Sequence[float]) -> Ints:
    """Return lengths 1, 2, … with chances in proportion to ``weights``.

    Raises ``UsageError`` when there is no positive weight.
    """
    return np.searchsorted(thresholds(weights), (draws & _LOW).astype(np.int64), side="right") + 1


def thresholds(weights: Sequence[float]) -> Ints:
    """Return for each length but the last the first 32-bit draw that is beyond it."""
    total = sum(weights)
    if not weights or min(weights) < 0 or total <= 0:
        raise UsageError(
            f"weights are {list(weights)}; they must be shares of 1, 2, 3, … words, not all 0",
            hint="MacBERT has 0.4,0.3,0.2,0.1",
        )
    running = np.cumsum(np.asarray(weights, np.float64)) / total
    return np.rint(running[:-1] * 2.0**32).astype(np.int64)


def geometric(p: float, most: int) -> tuple[float, ...]:
    """Return the weights of the lengths 1 to ``most`` of a geometric distribution."""
    return tuple(p * (1 - p) ** n for n in range(most)) if 0 < p < 1 else (1.0,)
