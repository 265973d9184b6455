"""Warm-up, stable, decay (arXiv:2404.06395): full rate, then a straight line to nothing in the last ``decay_share``.

A run may be continued from before the decay, so one long run serves several lengths.
"""

from __future__ import annotations

from zhprep.engine.config import OptimisationConfig


def wsd(progress: float, config: OptimisationConfig) -> float:
    """Return 1 up to the decay, then a line to 0."""
    return min(1.0, (1.0 - progress) / config.decay_share)
