"""Attention, then feed-forward (arXiv:1706.03762 §3.1), each with a residual and a norm where the config has it."""

from __future__ import annotations

from torch import Tensor

from zhprep.models.blocks.attention import AttentionContext, CrossAttention, SelfAttention
from zhprep.models.blocks.feedforward import FeedForward
from zhprep.models.blocks.layer import Layer
from zhprep.models.blocks.norms import Residual
from zhprep.models.config import ModelConfig


class TransformerLayer(Layer):
    """Self-attention, cross-attention if the config has it, feed-forward."""

    def __init__(self, config: ModelConfig, index: int = 0) -> None:
        super().__init__(config, index)
        self.attention = Residual(SelfAttention(config, index), config)
        self.cross_attention = Residual(CrossAttention(config), config) if config.cross_attention else None
        self.feedforward = Residual(FeedForward(config), config)

    @property
    def n_left_out(self) -> int:
        """Those of the feed-forward block."""
        return sum(weight.numel() for weight in self.feedforward.parameters())

    def forward(self, hidden_states: Tensor, context: AttentionContext) -> Tensor:
        """Return ``[B, L, D]``."""
        hidden_states = self.attention(hidden_states, context)
        if self.cross_attention is not None:
            hidden_states = self.cross_attention(hidden_states, context)
        return context.on_read(lambda states: self.feedforward(states, context), hidden_states)
