"""A cosine that falls ``cycles`` times from the highest rate to the lowest (Chinese ModernBERT, arXiv:2510.12285):
``(peak + valley) / 2 + (peak - valley) / 2 · cos(π(2N - 1)p)``, where the valley is ``end_rate``.
"""

from __future__ import annotations

import math

from zhprep.engine.config import OptimisationConfig


def damped_cosine(progress: float, config: OptimisationConfig) -> float:
    """Return 1 at the start and 0 at the end, with ``cycles - 1`` rises in between."""
    return (1.0 + math.cos(math.pi * (2 * config.cycles - 1) * progress)) / 2.0
