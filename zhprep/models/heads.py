"""What stands on top of the states: the masked-token head, the pooler, the sequence classifier."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zhprep.models.config import ModelConfig


class MaskedTokenHead(nn.Module):
    """Transform and norm, then scores by the token table, which it shares with the input, plus a bias."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.transform = nn.Linear(config.width, config.width)
        self.norm = nn.LayerNorm(config.width, eps=config.norm_epsilon)
        self.bias = nn.Parameter(torch.zeros(config.vocabulary_size))

    def forward(self, states: Tensor, table: Tensor) -> Tensor:
        """Return logits ``[…, V]`` from states ``[…, D]`` and the token table ``[V, D]``."""
        return F.linear(self.norm(F.gelu(self.transform(states))), table, self.bias)


class Pooler(nn.Linear):
    """A dense layer with tanh over the state of the first token, ``[CLS]``."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config.width, config.width)

    def forward(self, states: Tensor) -> Tensor:
        """Return ``[B, D]`` from states ``[B, L, D]``."""
        return torch.tanh(super().forward(states[:, 0]))


class SequenceHead(nn.Module):
    """Pooler, dropout and a linear classifier: scores for a whole row."""

    def __init__(self, config: ModelConfig, n_classes: int = 2, dropout: float = 0.0) -> None:
        super().__init__()
        self.pooler = Pooler(config)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(config.width, n_classes)

    def forward(self, states: Tensor) -> Tensor:
        """Return logits ``[B, n_classes]`` from states ``[B, L, D]``."""
        logits: Tensor = self.classifier(self.dropout(self.pooler(states)))
        return logits
