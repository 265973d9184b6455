"""What an objective is: the columns it needs, the head it puts on the states, and what it predicts."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from zhprep.models.config import ModelConfig
from zhprep.models.heads import SequenceHead
from zhprep.models.part import Batch


class Encoded(NamedTuple):
    """What the body of a model hands to the heads: states ``[B, L, D]`` and the token table ``[V, D]``."""

    states: Tensor
    table: Tensor


@dataclasses.dataclass(frozen=True, kw_only=True)
class Objective:
    """A training objective: predict ``labels``, a tensor of the batch, where -100 is nothing to be predicted.

    ``needs`` are the columns of the instances table without which there is nothing to predict, checked before the first
    step. ``scores`` gives ``[N, classes]`` for the ``N`` labels.
    """

    needs: tuple[str, ...]
    labels: str
    head: Callable[[ModelConfig], nn.Module]
    scores: Callable[[nn.Module, Encoded, Batch], Tensor]

    def losses(self, scores: Tensor, batch: Batch) -> Tensor:
        """Return the loss of each label in nats (``[N]``, 0 where there is nothing to predict)."""
        return F.cross_entropy(scores.float(), batch[self.labels], reduction="none")


def row_objective(column: str, n_classes: int = 2, dropout: float = 0.0) -> Objective:
    """Return the objective of telling from a row's first state which of ``n_classes`` its ``column`` says."""

    def head(config: ModelConfig) -> nn.Module:
        return SequenceHead(config, n_classes, dropout)

    def scores(head: nn.Module, encoded: Encoded, batch: Batch) -> Tensor:  # noqa: ARG001
        logits: Tensor = head(encoded.states)
        return logits

    return Objective(needs=(column,), labels=column, head=head, scores=scores)
