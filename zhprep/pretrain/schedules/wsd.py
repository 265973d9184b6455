"""Warm-up, stable, decay (arXiv:2404.06395): full rate, then a straight line to nothing in the last tenth.

A run may be continued from before the decay, so one long run serves several lengths.
"""

from __future__ import annotations

DECAY_SHARE = 0.1


def wsd(progress: float) -> float:
    """Return 1 up to the decay, then a line to 0."""
    return min(1.0, (1.0 - progress) / DECAY_SHARE)
