"""The embedding of the position, learned, up to a longest sequence.

In a sentence and its translation (data with ``lang_ids``) the second one is counted anew from 0, as in XLM (arXiv
1901.07291).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor, nn

from zhprep.core.config import setting
from zhprep.models.assets import Assets
from zhprep.models.blocks.attention import position_ids
from zhprep.models.blocks.part import Batch, EmbeddingInput, TableRows
from zhprep.models.config import ModelConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class PositionSettings:
    """How positions are counted."""

    offset: int = setting(0, "row of the table that position 0 has: 2 in RoBERTa and BART of fairseq", minimum=0)
    behind_padding: bool = setting(False, "position 0 has the row behind the id of the padding, as in RoBERTa")


class PositionInput(EmbeddingInput):
    """One vector per absolute position."""

    takes = ("lang_ids",)
    rows: Mapping[str, TableRows] = MappingProxyType({"table.weight": TableRows("position")})
    Settings = PositionSettings

    @classmethod
    def fitted(cls, config: ModelConfig, assets: Assets) -> ModelConfig:
        """Return ``config`` with the offset that follows from the vocabulary, where it does."""
        if not config.settings_of("position", PositionSettings).behind_padding:
            return config
        return config.with_settings("position", PositionSettings(offset=assets.tokens.pad + 1))

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.offset = config.settings_of("position", PositionSettings).offset
        self.table = nn.Embedding(config.max_position_embeddings + self.offset, config.table_size)

    def forward(self, batch: Batch) -> Tensor:
        """Return ``[L, E]``, the same for every row, or ``[B, L, E]`` for rows with positions of their own."""
        if "lang_ids" in batch:
            second: Tensor = batch["lang_ids"]
            positions = torch.arange(second.shape[1], device=second.device) - second * second.argmax(1, keepdim=True)
        elif "position_ids" in batch or "cu_seqlens" in batch:
            positions = position_ids(batch)
        else:
            length = batch["input_ids"].shape[1]
            return self.table.weight[self.offset : self.offset + length]
        return self.table(positions + self.offset)  # type: ignore[no-any-return]
