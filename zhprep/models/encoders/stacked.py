"""Layers one after the other, each with weights of its own (BERT, arXiv:1810.04805 §3)."""

from __future__ import annotations

from torch import Tensor, nn

from zhprep.models.config import ModelConfig
from zhprep.models.layers import Layer
from zhprep.models.part import Encoder


class StackedEncoder(Encoder):
    """``n_layers`` layers of their own weights."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.n_layers))

    def forward(self, states: Tensor, attention_mask: Tensor | None) -> Tensor:
        """Return the states of the last layer, ``[B, L, D]``."""
        mask = None if attention_mask is None else attention_mask[:, None, None, :]
        for layer in self.layers:
            states = layer(states, mask)
        return states
