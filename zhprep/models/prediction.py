"""What an objective predicts in a batch."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

IGNORED = -100
"""The label of what is not to be predicted."""


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What an objective predicts in a batch: ``N`` things.

    ``labels`` are int64 ``[N]``, :data:`IGNORED` where there is nothing to predict (float32 for a regression);
    ``logits`` ``[N, classes]``, or ``[N]`` for two classes by their sign; ``losses`` ``[N]`` in nats, 0 where ignored.
    ``found`` is what was computed on the way for later objectives of the stream to read, by name.
    """

    logits: Tensor
    labels: Tensor
    losses: Tensor
    found: Mapping[str, Tensor] = dataclasses.field(default_factory=dict)

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
