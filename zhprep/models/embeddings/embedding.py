"""What embeddings are: inputs that a kind of embeddings combines, then norm, dropout and, where the table is narrower
than the hidden states, a projection (ALBERT, arXiv:1909.11942 §3.1)."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from zhprep.core.registry import lookup
from zhprep.models.blocks.norms import make_norm
from zhprep.models.blocks.part import Batch, EmbeddingInput, Part
from zhprep.models.config import ModelConfig
from zhprep.models.dropout import Dropout
from zhprep.models.embeddings.inputs import INPUTS


class Embeddings(Part):
    """Combines the inputs that the config names; one of them is ``token``."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.inputs = nn.ModuleDict({name: lookup(INPUTS, name, "input")(config) for name in config.inputs})
        self.add_combination(config)
        self.norm = make_norm(config, config.table_size) if config.embedding_norm else nn.Identity()
        self.dropout = Dropout(config.hidden_dropout)
        narrow = config.table_size != config.hidden_size
        self.projection = nn.Linear(config.table_size, config.hidden_size) if narrow else nn.Identity()

    def add_combination(self, config: ModelConfig) -> None:
        """Make the weights that combine the inputs, if there are any."""

    def combined(self, batch: Batch) -> Tensor:
        """Return the inputs of ``batch`` as one, ``[B, L, E]``."""
        raise NotImplementedError

    @property
    def parts(self) -> list[EmbeddingInput]:
        """The inputs, in the order of the config."""
        return [cast(EmbeddingInput, part) for part in self.inputs.values()]

    @property
    def columns_needed(self) -> tuple[str, ...]:
        """The columns that must be there, in a fixed order."""
        return tuple(dict.fromkeys(column for part in (*self.parts, self) for column in part.needs))

    @property
    def columns_taken(self) -> tuple[str, ...]:
        """The columns that are read if they are there."""
        return tuple(dict.fromkeys(column for part in (*self.parts, self) for column in part.takes))

    @property
    def token_table(self) -> Tensor:
        """The vectors of the tokens, ``[V, E]``."""
        table: Tensor = self.inputs.get_parameter("token.table.weight")
        return table

    def forward(self, batch: Batch) -> Tensor:
        """Return ``[B, L, D]``."""
        embedded: Tensor = self.projection(self.dropout(self.norm(self.combined(batch))))
        return embedded
