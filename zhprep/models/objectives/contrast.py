"""Telling two readings of one row from those of other rows (InfoNCE, arXiv:1807.03748 §2.3).

InfoWord (arXiv:1910.08350) compares by products the first state of a text without an n-gram with that of the n-gram.
Products of states that a norm has made as long as the root of their width are large: a fresh model is sure of what
dropout does to them, and draws all together. ``scaled`` divides them by that root, as attention does.

SimCSE (arXiv:2104.08821 §3) compares by cosines over a temperature the first states of one text under two dropouts,
through a dense layer with tanh that is left out when the model is used.

What is told apart is a **group** of rows that follow one another, not whatever happens to be in a batch: what a step
learns does not depend on the number of processes and parts it is cut into. Cuts inside a group are refused beforehand.
"""

from __future__ import annotations

import dataclasses

import torch
import torch.nn.functional as F
from torch import Tensor

from zhprep.core.config import setting
from zhprep.core.errors import UsageError
from zhprep.models.blocks.heads import Pooler
from zhprep.models.blocks.part import Batch
from zhprep.models.config import ModelConfig
from zhprep.models.objectives.objective import Objective
from zhprep.models.prediction import IGNORED, Prediction
from zhprep.models.stream import HiddenStream


@dataclasses.dataclass(frozen=True, kw_only=True)
class ContrastSettings:
    """How rows are compared."""

    group: int = setting(32, "rows that are told apart, of which each part of a step has whole groups", minimum=2)
    similarity: str = setting(
        "product",
        "how alike two states are; scaled is the product over the root of their width",
        choices=("product", "scaled", "cosine"),
    )
    temperature: float = setting(1.0, "what likenesses are divided by", minimum=0)
    pooled: bool = setting(False, "states go through a dense layer with tanh before they are compared")


class Contrast(Objective):
    """Which row of the group is the other reading of this one: ``B`` things; rows alone in a group are left out."""

    needs = ("input_ids",)
    Settings = ContrastSettings

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.own = config.settings_of("contrast", ContrastSettings)
        if not self.own.temperature:
            raise UsageError("temperature of [model.contrast] must be above 0", hint="SimCSE has 0.05, InfoWord 1")
        self.pooler = Pooler(config) if self.own.pooled else None
        self.scale = config.hidden_size**-0.25 if self.own.similarity == "scaled" else 1.0

    @property
    def group(self) -> int:
        """Rows that must lie in one part of a step."""
        return self.own.group

    def count(self, batch: Batch) -> int:
        """Return the number of rows that are in a group with others."""
        return int((self._labels(len(batch["input_ids"])) != IGNORED).sum())

    def forward(self, stream: HiddenStream) -> Prediction:
        """Return logits ``[B, B]``, float32, -inf for rows of other groups; the label of row ``b`` is ``b``.

        Raises ``UsageError`` when there is no other reading.
        """
        if "other_states" not in stream.found:
            raise UsageError("contrast compares two readings, and there is one", hint='give [model] body = "compared"')
        likenesses = self._likenesses(stream.row_states, stream.found["other_states"])
        rows = torch.arange(len(likenesses), device=likenesses.device)
        group = rows // self.own.group
        logits = likenesses.masked_fill(group[:, None] != group[None, :], -torch.inf)
        return Prediction.of_classes(logits, self._labels(len(logits)).to(logits.device))

    def _likenesses(self, texts: Tensor, others: Tensor) -> Tensor:
        """Return how alike each of ``texts`` ``[B, D]`` is to each of ``others``, ``[B, B]``, float32 whatever the rest
        is computed in: products are in the hundreds, where bfloat16 has steps of 1 and 2."""
        with torch.autocast(texts.device.type, enabled=False):
            return self.compared(texts) @ self.compared(others).T / self.own.temperature

    def compared(self, states: Tensor) -> Tensor:
        """Return what of ``states`` ``[B, D]`` is compared, float32 of the same shape."""
        states = states.float() if self.pooler is None else self.pooler(states.float())
        return F.normalize(states, dim=-1) if self.own.similarity == "cosine" else states * self.scale

    def _labels(self, n_rows: int) -> Tensor:
        """Return the label of each row, int64 ``[n_rows]``: its number, or nothing where its group has no other row."""
        labels = torch.arange(n_rows)
        return labels if n_rows % self.own.group != 1 else torch.where(labels == n_rows - 1, IGNORED, labels)
