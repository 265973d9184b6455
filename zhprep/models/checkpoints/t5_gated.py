"""T5 1.1 as transformers has it: feed-forward blocks are gated, which gives their weights other names."""

from __future__ import annotations

from zhprep.models.checkpoints import t5
from zhprep.models.checkpoints.format import Format
from zhprep.models.config import ModelConfig


def matches(config: ModelConfig) -> bool:
    """Return whether the model is a T5 with gated feed-forward blocks."""
    return t5.is_t5(config, gated=True)


FORMAT = Format(weights=t5.weights(gated=True), matches=matches, holds=t5.is_gated, **t5.COMMON)
