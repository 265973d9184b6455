"""Norms, and where they stand: after the residual as in BERT, or before each block as in today's encoders."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from zhprep.core.registry import lookup
from zhprep.models.blocks.attention import AttentionContext
from zhprep.models.config import ModelConfig
from zhprep.models.dropout import Dropout


def layer_norm(size: int, config: ModelConfig) -> nn.Module:
    """Return layer normalisation (arXiv:1607.06450), with a bias if linear layers have one."""
    return nn.LayerNorm(size, eps=config.layer_norm_eps, bias=config.bias)


def rms_norm(size: int, config: ModelConfig) -> nn.Module:
    """Return root mean square normalisation (arXiv:1910.07467)."""
    return nn.RMSNorm(size, eps=config.layer_norm_eps)


NORMS: dict[str, Callable[[int, ModelConfig], nn.Module]] = {
    "layer": layer_norm,
    "rms": rms_norm,
}


def make_norm(config: ModelConfig, size: int = 0) -> nn.Module:
    """Return the norm of ``config`` over ``size``, or over the hidden size."""
    return lookup(NORMS, config.norm, "norm")(size or config.hidden_size, config)


class Residual(nn.Module):
    """A block with a residual around it, dropout after it and a norm: after the residual, or before the block."""

    def __init__(self, block: nn.Module, config: ModelConfig) -> None:
        super().__init__()
        self.block = block
        self.dropout: nn.Module = Dropout(config.hidden_dropout)
        self.norm = make_norm(config)
        self.norm_first = config.norm_position == "pre"

    def forward(self, hidden_states: Tensor, context: AttentionContext) -> Tensor:
        """Return ``[B, L, D]``."""
        if self.norm_first:
            hidden_states = hidden_states + self.dropout(self.block(self.norm(hidden_states), context))
        else:
            hidden_states = self.norm(hidden_states + self.dropout(self.block(hidden_states, context)))
        return hidden_states
