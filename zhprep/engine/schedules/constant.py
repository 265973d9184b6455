"""No decay."""

from __future__ import annotations

from zhprep.engine.config import OptimisationConfig


def constant(progress: float, config: OptimisationConfig) -> float:  # noqa: ARG001
    """Return 1 throughout."""
    return 1.0
