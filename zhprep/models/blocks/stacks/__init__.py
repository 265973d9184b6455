"""Which layers have weights of their own: stacks from embeddings ``[B, L, D]`` to hidden states ``[B, L, D]``."""

from __future__ import annotations

from zhprep.core.registry import lookup
from zhprep.models.blocks.layer import LayerStack
from zhprep.models.blocks.stacks.relative import RelativeLayers
from zhprep.models.blocks.stacks.separate import SeparateLayers
from zhprep.models.blocks.stacks.shared import SharedLayers
from zhprep.models.config import ModelConfig

STACKS: dict[str, type[LayerStack]] = {
    "separate": SeparateLayers,
    "shared": SharedLayers,
    "relative": RelativeLayers,
}


def make_stack(config: ModelConfig) -> LayerStack:
    """Return the stack that ``config`` names."""
    return lookup(STACKS, config.stack, "stack")(config)
