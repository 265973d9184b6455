"""What an objective is, and what it finds in a batch."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from zhprep.models.config import ModelConfig
from zhprep.models.heads import ClassificationHead
from zhprep.models.part import Batch, Part
from zhprep.models.stream import HiddenStream

IGNORED = -100
"""The label of what is not to be predicted."""


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What an objective predicts in a batch: ``N`` things.

    ``labels`` are int64 ``[N]``, :data:`IGNORED` where there is nothing to predict (float32 for a regression);
    ``logits`` ``[N, classes]``, or ``[N]`` for two classes by their sign; ``losses`` ``[N]`` in nats, 0 where ignored.
    """

    logits: Tensor
    labels: Tensor
    losses: Tensor

    @classmethod
    def of_classes(cls, logits: Tensor, labels: Tensor | None) -> Prediction:
        """Return the prediction of one class of several: logits ``[N, classes]``, cross-entropy.

        Without ``labels`` (a model that is asked, not taught) there are logits and guesses, and nothing counts.
        """
        if labels is None:
            labels = torch.full(logits.shape[:1], IGNORED, device=logits.device)
        return cls(logits, labels, F.cross_entropy(logits.float(), labels, reduction="none", ignore_index=IGNORED))

    @property
    def real(self) -> Tensor:
        """True where there is something to predict, bool ``[N]``."""
        return self.labels != IGNORED

    @property
    def loss_sum(self) -> Tensor:
        """The loss, summed over what is predicted."""
        return self.losses.sum()

    @property
    def count(self) -> Tensor:
        """How many things are predicted: what the loop divides the sum by, over all parts and processes of a step."""
        return self.real.sum()

    @property
    def guesses(self) -> Tensor:
        """The class that the model would say (int64 ``[N]``), or the number itself where labels are numbers."""
        if self.labels.is_floating_point():
            return self.logits
        return self.logits.argmax(-1) if self.logits.ndim > self.labels.ndim else (self.logits > 0).long()


class Objective(Part):
    """What a model is trained on: reads one stream, may have weights of its own (a head), and predicts.

    It is made from the config of its stream, which may be narrower or have another vocabulary than the model's.
    ``labels`` are the columns, made with the batch, that say what is to be predicted; ``needs`` those of the data
    without which there is nothing to predict. Both are checked before the first step.
    """

    labels: ClassVar[tuple[str, ...]] = ()

    def count(self, batch: Batch) -> int:
        """Return how many things there are to predict in ``batch``, before anything is computed.

        It is what :attr:`Prediction.count` will be: the loss of a step is a mean over all its parts and processes, and
        the divisor is needed before the first gradient.
        """
        raise NotImplementedError

    def forward(self, stream: HiddenStream) -> Prediction:
        """Return what is predicted in ``stream.batch``."""
        raise NotImplementedError

    def multiply_adds(self, masked_share: float) -> float:  # noqa: ARG002
        """Return the products that the head makes per token of a batch, of whose tokens ``masked_share`` are masked."""
        return 0.0


class RowClass(Objective):
    """Tell from the state of a row which of ``n_classes`` its column, the only one of ``needs``, says."""

    def __init__(self, config: ModelConfig, n_classes: int = 2, dropout: float = 0.0) -> None:
        super().__init__(config)
        self.head = ClassificationHead(config, n_classes, dropout)

    def count(self, batch: Batch) -> int:
        """Return the number of rows that have a class."""
        return int((batch[self.needs[0]] != IGNORED).sum())

    def forward(self, stream: HiddenStream) -> Prediction:
        """Return logits ``[B, n_classes]``."""
        return Prediction.of_classes(self.head(stream.row_states), stream.batch.get(self.needs[0]))
