"""Decay in a straight line to nothing (BERT)."""

from __future__ import annotations

from zhprep.engine.config import OptimisationConfig


def linear(progress: float, config: OptimisationConfig) -> float:  # noqa: ARG001
    """Return 1 at the start and 0 at the end."""
    return 1.0 - progress
