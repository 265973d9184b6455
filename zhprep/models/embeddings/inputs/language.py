"""The embedding of the language a token is in (XLM, arXiv:1901.07291 §3.1): of a sentence and its translation the first
is 0 and the second 1, as ``lang_ids`` of the format ``tlm`` say. Data without languages are all of language 0."""

from __future__ import annotations

import dataclasses

from torch import Tensor, nn

from zhprep.core.config import setting
from zhprep.models.blocks.part import Batch, EmbeddingInput
from zhprep.models.config import ModelConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class LanguageSettings:
    """How many languages there are."""

    n_languages: int = setting(2, "languages", minimum=1)


class LanguageInput(EmbeddingInput):
    """One vector per language."""

    takes = ("lang_ids",)
    Settings = LanguageSettings

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        n_languages = config.settings_of("language", LanguageSettings).n_languages
        self.table = nn.Embedding(n_languages, config.table_size)

    def forward(self, batch: Batch) -> Tensor:
        """Return ``[B, L, E]``, or ``[E]`` when the batch has no languages."""
        if "lang_ids" not in batch:
            return self.table.weight[0]
        embedded: Tensor = self.table(batch["lang_ids"])
        return embedded
