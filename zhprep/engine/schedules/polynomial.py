"""Decay as a power of what is left (TensorFlow's and fairseq's polynomial decay, to nothing)."""

from __future__ import annotations

from zhprep.engine.config import OptimisationConfig


def polynomial(progress: float, config: OptimisationConfig) -> float:
    """Return 1 at the start and 0 at the end; a ``power`` of 1 is a straight line."""
    return float((1.0 - progress) ** config.power)
