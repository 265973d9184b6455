"""Transformer layers whose first attention reads the embeddings as they are: they are normalised already
(ModernBERT, arXiv:2412.13663 §2.1.1)."""

from __future__ import annotations

from torch import nn

from zhprep.models.blocks.layers.transformer import TransformerLayer
from zhprep.models.config import ModelConfig


class BareFirstLayer(TransformerLayer):
    """A transformer layer; the lowest has no norm before its attention."""

    def __init__(self, config: ModelConfig, index: int = 0) -> None:
        super().__init__(config, index)
        if index == 0 and config.norm_position == "pre":
            self.attention.norm = nn.Identity()
