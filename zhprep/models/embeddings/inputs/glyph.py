"""The embedding of what a token looks like: its images, one per typeface (ChineseBERT, arXiv:2106.16038 §3.2)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor, nn

from zhprep.core.config import setting
from zhprep.core.errors import DataError
from zhprep.models.assets import Assets
from zhprep.models.blocks.part import Batch, EmbeddingInput, TableRows
from zhprep.models.config import ModelConfig

IMAGES = "glyphs.npy"
RENDER = "zhprep render-glyphs --vocab {vocabulary}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class GlyphSettings:
    """How images are read."""

    glyph_embedding_dim: int = setting(0, "values of a token's images; those of glyphs.npy if 0", minimum=0)
    trainable: bool = setting(True, "the images are weights, as in ChineseBERT's code, and drift; else they stay")


class Images(nn.Module):
    """A table of images ``[V, F]``, all blank.

    It is no ``nn.Embedding``, whose values a fresh model draws anew: ChineseBERT's code loses its images that way.
    """

    weight: Tensor

    def __init__(self, n_tokens: int, n_values: int, *, trainable: bool) -> None:
        super().__init__()
        blank = torch.zeros(n_tokens, n_values)
        if trainable:
            self.weight = nn.Parameter(blank)
        else:
            self.register_buffer("weight", blank)

    def forward(self, ids: Tensor) -> Tensor:
        """Return ``[..., F]``."""
        return nn.functional.embedding(ids, self.weight)


class GlyphInput(EmbeddingInput):
    """The images of a token, typeface by typeface and row by row, as values of 0 to 255, mapped to a vector."""

    needs = ("input_ids",)
    rows: Mapping[str, TableRows] = MappingProxyType({"images.weight": TableRows("token", made=False)})
    Settings = GlyphSettings

    @classmethod
    def fitted(cls, config: ModelConfig, assets: Assets) -> ModelConfig:
        """Return ``config`` with the size of the images beside the vocabulary.

        Raises ``UsageError`` where there are none, ``DataError`` where they are those of another vocabulary.
        """
        images = assets.array(IMAGES, made_by=RENDER)
        if images.ndim != 4 or len(images) != config.vocab_size:
            raise DataError(
                f"{IMAGES} is {list(images.shape)}: not images of {config.vocab_size} entries",
                hint=RENDER.format(vocabulary=assets.vocabulary),
            )
        given = config.settings_of("glyph", GlyphSettings)
        return config.with_settings(
            "glyph", dataclasses.replace(given, glyph_embedding_dim=int(np.prod(images.shape[1:])))
        )

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        chosen = config.settings_of("glyph", GlyphSettings)
        self.images = Images(config.vocab_size, chosen.glyph_embedding_dim, trainable=chosen.trainable)
        self.map = nn.Linear(chosen.glyph_embedding_dim, config.table_size)

    def fill(self, assets: Assets) -> None:
        """Put the images in, after fresh weights are drawn."""
        images = np.array(assets.array(IMAGES, made_by=RENDER), np.float32)
        with torch.no_grad():
            self.images.weight.copy_(torch.from_numpy(images.reshape(len(images), -1)))

    def forward(self, batch: Batch) -> Tensor:
        """Return ``[B, L, E]``."""
        embedded: Tensor = self.map(self.images(batch["input_ids"]))
        return embedded
