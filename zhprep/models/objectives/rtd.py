"""Replaced token detection (ELECTRA, arXiv:2003.10555 §3.1): was this token replaced? 1 it was, as in Google's code.

Every real token is told, special ones included, as ``run_pretraining.py`` weights them (the survey of Qiu et al. has 1
for an unchanged token).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from zhprep.core.errors import UsageError
from zhprep.models.blocks.feedforward import activation_of
from zhprep.models.blocks.part import Batch
from zhprep.models.config import ModelConfig
from zhprep.models.objectives.objective import Objective
from zhprep.models.prediction import IGNORED, Prediction
from zhprep.models.stream import HiddenStream


class ReplacedTokens(Objective):
    """Whether each token of the stream was ``replaced``, as the body found."""

    needs = ("input_ids",)

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.activation = activation_of(config).function
        self.output = nn.Linear(config.hidden_size, 1)

    def logits(self, hidden_states: Tensor) -> Tensor:
        """Return logits ``[…]`` of having been replaced from hidden states ``[…, D]``."""
        scores: Tensor = self.output(self.activation(self.dense(hidden_states))).squeeze(-1)
        return scores

    def count(self, batch: Batch) -> int:
        """Return the number of real tokens."""
        real = batch.get("attention_mask")
        return batch["input_ids"].numel() if real is None else int(real.sum())

    def forward(self, stream: HiddenStream) -> Prediction:
        """Return logits ``[B*L]``, labels 1 where a token was replaced, and nothing on padding.

        Raises ``UsageError`` when nothing was written in the place of the masks.
        """
        if "replaced" not in stream.found:
            hint = 'give [model] body = "generator-discriminator" and put "mlm" before "rtd"'
            raise UsageError("rtd reads what a generator wrote, and there is none", hint=hint)
        logits = self.logits(stream.hidden_states).flatten()
        labels = stream.found["replaced"].long()
        if (real := stream.batch.get("attention_mask")) is not None:
            labels = labels.masked_fill(~real, IGNORED)
        labels = labels.flatten()
        losses = nn.functional.binary_cross_entropy_with_logits(logits.float(), (labels == 1).float(), reduction="none")
        return Prediction(logits, labels, torch.where(labels == IGNORED, 0.0, losses))

    def multiply_adds(self, masked_share: float) -> float:  # noqa: ARG002
        """Return those of the head, for every token."""
        return float(self.config.hidden_size * (self.config.hidden_size + 1))
