"""The sum of the inputs, normalised: the bottom of the model."""

from __future__ import annotations

import functools
import operator
from typing import cast

from torch import Tensor, nn

from zhprep.core.registry import lookup
from zhprep.models.config import ModelConfig
from zhprep.models.inputs import INPUTS
from zhprep.models.part import Batch, Input


class Embeddings(nn.Module):
    """Sums the inputs that the config names, then norm and dropout."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.inputs = nn.ModuleDict({name: lookup(INPUTS, name, "input")(config) for name in config.inputs})
        self.norm = nn.LayerNorm(config.width, eps=config.norm_epsilon)
        self.dropout = nn.Dropout(config.dropout)

    @property
    def parts(self) -> list[Input]:
        """The inputs, in the order of the config."""
        return [cast(Input, part) for part in self.inputs.values()]

    @property
    def token_table(self) -> Tensor:
        """The vectors of the tokens, ``[V, D]``."""
        table: Tensor = self.inputs.get_parameter("token.table.weight")
        return table

    def forward(self, batch: Batch) -> Tensor:
        """Return ``[B, L, D]``."""
        summands = [embed(batch) for embed in self.parts]
        embedded: Tensor = self.dropout(self.norm(functools.reduce(operator.add, summands)))
        return embedded
