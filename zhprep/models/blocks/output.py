"""What an output is: how states become the scores of all tokens of a vocabulary, and a loss."""

from __future__ import annotations

import dataclasses

from torch import Tensor, nn

from zhprep.models.blocks.part import Part
from zhprep.models.prediction import Prediction


@dataclasses.dataclass(frozen=True)
class Asked:
    """States ``[N, E]`` of places, what is known of each, and the table of tokens ``[V, E]``.

    ``labels`` int64 ``[N]`` are the tokens that belong there; ``rows`` int64 ``[N]``, ascending where there is a label,
    the row of the batch that each is in, and ``keys`` int64 ``[B]`` what addresses the draws of a row, if they are
    there.
    """

    states: Tensor
    token_table: Tensor
    labels: Tensor | None
    rows: Tensor
    keys: Tensor | None = None


class TokenOutput(Part):
    """Scores of tokens. ``bias``, if it has one, is kept by the head that asks, under the name it has everywhere."""

    def make_bias(self) -> nn.Parameter | None:
        """Return a fresh bias of the scores, if the output has one."""
        return None

    def scores(self, states: Tensor, token_table: Tensor, bias: Tensor | None) -> Tensor:
        """Return logits ``[…, V]`` of all tokens from states ``[…, E]``."""
        raise NotImplementedError

    def predict(self, asked: Asked, bias: Tensor | None) -> Prediction:
        """Return what is predicted; while the model is trained, logits may be those of some tokens only."""
        return Prediction.of_classes(self.scores(asked.states, asked.token_table, bias), asked.labels)

    def multiply_adds(self) -> float:
        """Return the products of one place."""
        raise NotImplementedError
