"""Finding the place of the original token (PERT, arXiv:2203.06906 §3): where in the row is what belongs here?

The state of each chosen token, transformed as by a masked-token head, is compared with the states of all tokens of its
row: the classes are the places of the row, not the vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor, nn

from zhprep.models.blocks.feedforward import activation_of
from zhprep.models.blocks.norms import make_norm
from zhprep.models.blocks.part import TableRows
from zhprep.models.config import ModelConfig
from zhprep.models.objectives.objective import Objective
from zhprep.models.prediction import Prediction
from zhprep.models.stream import HiddenStream


class OriginalPlace(Objective):
    """The place in its row of the token that belongs where each shuffled one stands."""

    needs = ("input_ids",)
    labels = ("masked_places",)
    rows: Mapping[str, TableRows] = MappingProxyType({"bias": TableRows("position")})

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.transform = nn.Linear(config.hidden_size, config.hidden_size, bias=config.bias)
        self.activation = activation_of(config).function
        self.norm = make_norm(config)
        self.bias = nn.Parameter(torch.zeros(config.max_position_embeddings))

    def forward(self, stream: HiddenStream) -> Prediction:
        """Return logits ``[M, L]`` over the places of each token's row; padding is never one of them."""
        positions = stream.batch["masked_positions"]
        length = stream.hidden_states.shape[1]
        row = positions // length
        asked = self.norm(self.activation(self.transform(stream.at(positions))))
        logits = self.scores(asked, stream.hidden_states[row]) + self.bias[:length]
        if (real := stream.batch.get("attention_mask")) is not None:
            logits = logits.masked_fill(~real[row], torch.finfo(logits.dtype).min)
        return Prediction.of_classes(logits, stream.batch.get("masked_places"))

    @staticmethod
    def scores(asked: Tensor, row_states: Tensor) -> Tensor:
        """Return the products ``[M, L]`` of ``asked`` ``[M, D]`` with the states ``[M, L, D]`` of each one's row."""
        return torch.bmm(row_states, asked[:, :, None]).squeeze(-1)

    def multiply_adds(self, masked_share: float) -> float:
        """Return those of the head, for the chosen share of the tokens only."""
        width = self.config.hidden_size
        return masked_share * width * (width + self.config.max_position_embeddings)
