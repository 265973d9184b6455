"""Masked-language modelling (arXiv:1810.04805 §3.1): predict the original token where a mask was put.

Scores are made at the masked positions only. With a vocabulary of 21,128 the output layer is most of the work of a
small model, so a step is several times as fast at ``tiny`` as one that scores all positions, and not quite twice at
``small``.
"""

from __future__ import annotations

import dataclasses

from torch import Tensor

from zhprep.models.blocks.part import Batch
from zhprep.models.objectives.objective import TokenObjective, asked_at, masked_places
from zhprep.models.prediction import Prediction
from zhprep.models.stream import HiddenStream


class MaskedTokens(TokenObjective):
    """The original token of every masked position of the stream."""

    labels = ("masked_labels",)
    text = "masked"

    def reads_at(self, batch: Batch, rows: Tensor) -> Tensor:  # noqa: ARG002
        """Return those of masked tokens."""
        return masked_places(batch)

    def forward(self, stream: HiddenStream) -> Prediction:
        """Return logits ``[M, V]`` of the masked tokens; it ``found`` the ``masked_states`` ``[M, E]`` they are of."""
        positions = stream.batch["masked_positions"]
        states = self.head.transformed(stream.at(positions))
        made = self.head.predict(asked_at(stream, states, positions, stream.batch.get("masked_labels")))
        return dataclasses.replace(made, found={"masked_states": states})

    def multiply_adds(self, masked_share: float) -> float:
        """Return those of the head, for the masked share of the tokens only."""
        return masked_share * self.head.multiply_adds()
