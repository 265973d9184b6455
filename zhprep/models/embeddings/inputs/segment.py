"""The embedding of the segment a token belongs to."""

from __future__ import annotations

from torch import Tensor, nn

from zhprep.models.blocks.part import Batch, EmbeddingInput
from zhprep.models.config import ModelConfig


class SegmentInput(EmbeddingInput):
    """One vector per segment type; data without segments are all of segment 0, as everywhere BERT is used."""

    takes = ("token_type_ids",)

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.table = nn.Embedding(config.type_vocab_size, config.table_size)

    def forward(self, batch: Batch) -> Tensor:
        """Return ``[B, L, E]``, or ``[E]`` when the batch has no segments."""
        if "token_type_ids" not in batch:
            return self.table.weight[0]
        embedded: Tensor = self.table(batch["token_type_ids"])
        return embedded
