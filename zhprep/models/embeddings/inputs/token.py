"""The embedding of the token itself."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from torch import Tensor, nn

from zhprep.models.blocks.part import Batch, EmbeddingInput, TableRows
from zhprep.models.config import ModelConfig


class TokenInput(EmbeddingInput):
    """One vector per token id; the output layer of masked-language modelling shares the table."""

    needs = ("input_ids",)
    rows: Mapping[str, TableRows] = MappingProxyType({"table.weight": TableRows("token")})

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.table = nn.Embedding(config.vocab_size, config.table_size)

    def forward(self, batch: Batch) -> Tensor:
        """Return ``[B, L, E]``."""
        embedded: Tensor = self.table(batch["input_ids"])
        return embedded
