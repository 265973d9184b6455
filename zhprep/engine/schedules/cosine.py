"""Decay along half a cosine to nothing (arXiv:1608.03983, without restarts)."""

from __future__ import annotations

import math

from zhprep.engine.config import OptimisationConfig


def cosine(progress: float, config: OptimisationConfig) -> float:  # noqa: ARG001
    """Return 1 at the start and 0 at the end."""
    return (1.0 + math.cos(math.pi * progress)) / 2.0
