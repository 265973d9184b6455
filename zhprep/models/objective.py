"""What an objective is: the columns it needs, the head it puts on the states, and its loss."""

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
    """A training objective.

    ``needs`` are the columns of the instances table without which there is nothing to predict, checked before the first
    step. ``loss`` returns the *sum* over the entries of the batch's tensor ``labels``, never the mean, so that
    the mean is exact however a batch is split over accumulation steps and machines.
    """

    needs: tuple[str, ...]
    labels: str
    head: Callable[[ModelConfig], nn.Module]
    loss: Callable[[nn.Module, Encoded, Batch], Tensor]


def row_objective(column: str) -> Objective:
    """Return the objective of telling from a row's first state which of two classes its ``column`` says."""

    def loss(head: nn.Module, encoded: Encoded, batch: Batch) -> Tensor:
        return F.cross_entropy(head(encoded.states).float(), batch[column], reduction="sum")

    return Objective(needs=(column,), labels=column, head=SequenceHead, loss=loss)
