"""Warm-up, stable, decay with one minus the root (arXiv:2405.18392; ModernBERT, arXiv:2412.13663)."""

from __future__ import annotations

import math

from zhprep.engine.config import OptimisationConfig


def wsd_sqrt(progress: float, config: OptimisationConfig) -> float:
    """Return 1 up to the decay of ``decay_share``, then 1 - √(share of the decay that is done)."""
    begin = 1.0 - config.decay_share
    return 1.0 if progress <= begin else 1.0 - math.sqrt(min(1.0, (progress - begin) / config.decay_share))
