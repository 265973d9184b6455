"""The embedding of the position, learned, up to a longest sequence."""

from __future__ import annotations

from torch import Tensor, nn

from zhprep.models.config import ModelConfig
from zhprep.models.part import Batch, Input


class PositionInput(Input):
    """One vector per absolute position."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.table = nn.Embedding(config.n_positions, config.width)

    def forward(self, batch: Batch) -> Tensor:
        """Return ``[L, D]``, the same for every row."""
        return self.table.weight[: batch["input_ids"].shape[1]]
