"""Decay in a straight line to nothing (BERT)."""

from __future__ import annotations


def linear(progress: float) -> float:
    """Return 1 at the start and 0 at the end."""
    return 1.0 - progress
