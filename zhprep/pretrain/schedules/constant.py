"""No decay."""

from __future__ import annotations


def constant(progress: float) -> float:  # noqa: ARG001
    """Return 1 throughout."""
    return 1.0
