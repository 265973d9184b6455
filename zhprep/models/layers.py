"""The blocks of a transformer layer (arXiv:1706.03762), normalised after the residual as in BERT.

Shapes: B rows, L positions, D width, H heads, F feed-forward width.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from zhprep.models.config import ModelConfig


class SelfAttention(nn.Module):
    """Multi-head self-attention with one product for queries, keys and values, then residual and norm."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.n_heads = config.n_heads
        self.attention_dropout = config.attention_dropout
        self.qkv = nn.Linear(config.width, 3 * config.width)
        self.output = nn.Linear(config.width, config.width)
        self.dropout = nn.Dropout(config.dropout)
        self.norm = nn.LayerNorm(config.width, eps=config.norm_epsilon)

    def forward(self, states: Tensor, mask: Tensor | None) -> Tensor:
        """Return ``[B, L, D]``; ``mask`` is bool ``[B, 1, 1, L]``, True where a position may be attended to."""
        n_rows, length, width = states.shape
        qkv = self.qkv(states).view(n_rows, length, 3, self.n_heads, width // self.n_heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)  # each [B, H, L, D/H]
        dropout = self.attention_dropout if self.training else 0.0
        context = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, dropout_p=dropout)
        context = self.output(context.transpose(1, 2).reshape(n_rows, length, width))
        states = self.norm(states + self.dropout(context))
        return states


class FeedForward(nn.Module):
    """Two products with a gelu between them, then residual and norm."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.up = nn.Linear(config.width, config.feedforward_width)
        self.down = nn.Linear(config.feedforward_width, config.width)
        self.dropout = nn.Dropout(config.dropout)
        self.norm = nn.LayerNorm(config.width, eps=config.norm_epsilon)

    def forward(self, states: Tensor) -> Tensor:
        """Return ``[B, L, D]``."""
        states = self.norm(states + self.dropout(self.down(F.gelu(self.up(states)))))
        return states


class Layer(nn.Module):
    """Self-attention, then feed-forward."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.attention = SelfAttention(config)
        self.feedforward = FeedForward(config)

    def forward(self, states: Tensor, mask: Tensor | None) -> Tensor:
        """Return ``[B, L, D]``."""
        states = self.feedforward(self.attention(states, mask))
        return states
