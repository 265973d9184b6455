"""The embedding of the position, learned, up to a longest sequence.

In a sentence and its translation (data with ``lang_ids``) the second one is counted anew from 0, as in XLM (arXiv
1901.07291).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from zhprep.models.config import ModelConfig
from zhprep.models.part import Batch, Input


class PositionInput(Input):
    """One vector per absolute position."""

    takes = ("lang_ids",)

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.table = nn.Embedding(config.n_positions, config.width)

    def forward(self, batch: Batch) -> Tensor:
        """Return ``[L, D]``, the same for every row, or ``[B, L, D]`` for rows with languages."""
        length = batch["input_ids"].shape[1]
        if "lang_ids" not in batch:
            return self.table.weight[:length]
        second: Tensor = batch["lang_ids"]
        positions = torch.arange(length, device=second.device) - second * second.argmax(1, keepdim=True)
        return self.table(positions)  # type: ignore[no-any-return]
