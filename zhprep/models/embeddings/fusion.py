"""Characters, sounds and images made one vector by a linear layer (ChineseBERT, arXiv:2106.16038 §3.2)."""

from __future__ import annotations

import dataclasses
import functools
import operator

import torch
from torch import Tensor, nn

from zhprep.core.config import setting
from zhprep.core.errors import UsageError
from zhprep.models.blocks.part import Batch
from zhprep.models.config import ModelConfig
from zhprep.models.embeddings.embedding import Embeddings


@dataclasses.dataclass(frozen=True, kw_only=True)
class FusionSettings:
    """What is fused."""

    fused: tuple[str, ...] = setting(("token", "pinyin", "glyph"), "inputs that are put side by side, in this order")


class FusionEmbeddings(Embeddings):
    """The ``fused`` inputs, side by side, are mapped to one width (``map_fc``); the others are added to that."""

    Settings = FusionSettings

    def add_combination(self, config: ModelConfig) -> None:
        """Make the map. Raises ``UsageError`` for a fused input that the model does not have."""
        self.fused = config.settings_of("fusion", FusionSettings).fused
        if missing := [name for name in self.fused if name not in config.inputs]:
            raise UsageError(
                f"[model.fusion] fuses {missing[0]!r}, which is not in inputs", hint="name it in both or in neither"
            )
        self.map = nn.Linear(len(self.fused) * config.table_size, config.table_size)

    def combined(self, batch: Batch) -> Tensor:
        """Return ``[B, L, E]``."""
        seen = {name: embed(batch) for name, embed in zip(self.inputs, self.parts, strict=True)}
        fused: Tensor = self.map(torch.cat([seen.pop(name) for name in self.fused], -1))
        return functools.reduce(operator.add, seen.values(), fused)
