"""The feed-forward block: two products with an activation between them, gated or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from zhprep.core.registry import lookup
from zhprep.models.blocks.attention import AttentionContext
from zhprep.models.config import ModelConfig
from zhprep.models.dropout import Dropout


def gelu_new(hidden_states: Tensor) -> Tensor:
    """Return the gelu by its approximation with tanh, as GPT-2, ALBERT and T5 1.1 have it."""
    return F.gelu(hidden_states, approximate="tanh")


class Activation(NamedTuple):
    """A function, and whether its result is multiplied with a second product of the input (arXiv:2002.05202)."""

    function: Callable[[Tensor], Tensor]
    gated: bool = False


ACTIVATIONS: dict[str, Activation] = {
    "gelu": Activation(F.gelu),
    "gelu_new": Activation(gelu_new),
    "relu": Activation(F.relu),
    "silu": Activation(F.silu),
    "geglu": Activation(F.gelu, gated=True),
    "geglu_new": Activation(gelu_new, gated=True),
    "reglu": Activation(F.relu, gated=True),
    "swiglu": Activation(F.silu, gated=True),
}


def activation_of(config: ModelConfig) -> Activation:
    """Return the activation that ``config`` names.

    Raises ``UsageError`` for one that there is not.
    """
    return lookup(ACTIVATIONS, config.activation, "activation")


class FeedForward(nn.Module):
    """Up, activation, down; a gated block has the gated half of ``up`` first."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.activation = activation_of(config)
        width = config.intermediate_size * (2 if self.activation.gated else 1)
        self.up = nn.Linear(config.hidden_size, width, bias=config.bias)
        self.dropout = Dropout(config.inner_dropout)
        self.down = nn.Linear(config.intermediate_size, config.hidden_size, bias=config.bias)

    def forward(self, hidden_states: Tensor, context: AttentionContext) -> Tensor:  # noqa: ARG002
        """Return ``[B, L, D]``."""
        inner = self.up(hidden_states)
        if self.activation.gated:
            inner, gate = inner.chunk(2, -1)
            inner = self.activation.function(inner) * gate
        else:
            inner = self.activation.function(inner)
        outer: Tensor = self.down(self.dropout(inner))
        return outer
