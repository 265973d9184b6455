"""What objectives put on hidden states: the masked-token head, the pooler, the classifier of rows."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from zhprep.models.blocks.feedforward import activation_of
from zhprep.models.blocks.norms import make_norm
from zhprep.models.blocks.output import Asked
from zhprep.models.blocks.outputs import make_output
from zhprep.models.config import ModelConfig
from zhprep.models.prediction import Prediction


class MaskedTokenHead(nn.Module):
    """Transform and norm, then scores of tokens by the output that the config names: by the token table, which is
    shared with the input, plus a bias, unless it says otherwise."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.transform = nn.Linear(config.hidden_size, config.table_size, bias=config.bias)
        self.activation = activation_of(config).function
        self.norm = make_norm(config, config.table_size)
        self.output = make_output(config)
        self.bias = self.output.make_bias()

    def forward(self, hidden_states: Tensor, token_table: Tensor) -> Tensor:
        """Return logits ``[…, V]`` from hidden states ``[…, D]`` and the token table ``[V, E]``."""
        return self.output.scores(self.transformed(hidden_states), token_table, self.bias)

    def transformed(self, hidden_states: Tensor) -> Tensor:
        """Return ``[…, E]``, what the output reads."""
        states: Tensor = self.norm(self.activation(self.transform(hidden_states)))
        return states

    def predict(self, asked: Asked) -> Prediction:
        """Return the prediction from states that are transformed already."""
        return self.output.predict(asked, self.bias)

    def multiply_adds(self) -> float:
        """Return the products of one place."""
        return self.transform.weight.numel() + self.output.multiply_adds()


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
