"""What heads of tasks about rows have in common: they read of each stream one state a row, and begin as the head of a
pretrained model that classifies rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from torch import Tensor, nn

from zhprep.evaluate.heads import Head, TaskStates
from zhprep.models import ModelConfig
from zhprep.models.blocks.heads import ClassificationHead
from zhprep.models.blocks.part import Batch


class RowHead(Head):
    """A pooler and ``n_classes`` scores over the state of each row, for each stream."""

    loads_as = "classify"

    def __init__(self, specs: Mapping[str, ModelConfig], n_classes: int, dropout: float) -> None:
        super().__init__(specs)
        self.head = ClassificationHead(self.config, n_classes, dropout)
        others = list(specs.values())[1:]
        self.others = nn.ModuleList(ClassificationHead(spec, n_classes, dropout) for spec in others)

    @property
    def of_streams(self) -> list[ClassificationHead]:
        """The head of each stream, the main one's first."""
        return [self.head, *(cast(ClassificationHead, head) for head in self.others)]

    def reads_at(self, batch: Batch, rows: Tensor) -> Tensor:  # noqa: ARG002
        """Return those of rows."""
        return rows

    def scores(self, states: TaskStates) -> Tensor:
        """Return ``[B, n_classes]``, those of all streams added up."""
        made = [head(row) for head, row in zip(self.of_streams, states.rows(), strict=True)]
        total: Tensor = sum(made[1:], made[0])
        return total
