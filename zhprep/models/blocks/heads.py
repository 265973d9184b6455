"""What objectives put on hidden states: the masked-token head, the pooler, the classifier of rows."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zhprep.models.blocks.feedforward import activation_of
from zhprep.models.blocks.norms import make_norm
from zhprep.models.config import ModelConfig


class MaskedTokenHead(nn.Module):
    """Transform and norm, then scores by the token table, which it shares with the input, plus a bias."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.transform = nn.Linear(config.hidden_size, config.table_size, bias=config.bias)
        self.activation = activation_of(config).function
        self.norm = make_norm(config, config.table_size)
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))

    def transformed(self, hidden_states: Tensor) -> Tensor:
        """Return what is compared with the token table, ``[…, E]``, from hidden states ``[…, D]``."""
        states: Tensor = self.norm(self.activation(self.transform(hidden_states)))
        return states

    def scores(self, transformed: Tensor, token_table: Tensor) -> Tensor:
        """Return logits ``[…, V]`` from transformed states ``[…, E]`` and the token table ``[V, E]``."""
        return F.linear(transformed, token_table, self.bias)

    def forward(self, hidden_states: Tensor, token_table: Tensor) -> Tensor:
        """Return logits ``[…, V]`` from hidden states ``[…, D]`` and the token table ``[V, E]``."""
        return self.scores(self.transformed(hidden_states), token_table)


class Pooler(nn.Linear):
    """A dense layer with tanh over the state that stands for a row, that of ``[CLS]``."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config.hidden_size, config.hidden_size)

    def forward(self, row_states: Tensor) -> Tensor:
        """Return ``[B, D]`` from row states ``[B, D]``."""
        return torch.tanh(super().forward(row_states))


class ClassificationHead(nn.Module):
    """Pooler, dropout and a linear classifier: scores for a whole row."""

    def __init__(self, config: ModelConfig, n_classes: int = 2, dropout: float = 0.0) -> None:
        super().__init__()
        self.pooler = Pooler(config)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(config.hidden_size, n_classes)

    def forward(self, row_states: Tensor) -> Tensor:
        """Return logits ``[B, n_classes]`` from row states ``[B, D]``."""
        logits: Tensor = self.classifier(self.dropout(self.pooler(row_states)))
        return logits
