"""Layers one after the other, each with weights of its own (BERT, arXiv:1810.04805 §3)."""

from __future__ import annotations

from zhprep.models.blocks.layer import Layer, LayerStack
from zhprep.models.blocks.layers import make_layer
from zhprep.models.config import ModelConfig


class SeparateLayers(LayerStack):
    """``num_hidden_layers`` layers of their own weights."""

    def make_layers(self, config: ModelConfig) -> list[Layer]:
        """Return one layer for each."""
        return [make_layer(config, index) for index in range(config.num_hidden_layers)]
