"""How inputs become embeddings ``[B, L, D]``: the bottom of every body."""

from __future__ import annotations

from zhprep.core.registry import lookup
from zhprep.models.config import ModelConfig
from zhprep.models.embeddings.embedding import Embeddings
from zhprep.models.embeddings.fusion import FusionEmbeddings
from zhprep.models.embeddings.sum import SumEmbeddings

EMBEDDINGS: dict[str, type[Embeddings]] = {
    "sum": SumEmbeddings,
    "fusion": FusionEmbeddings,
}


def make_embeddings(config: ModelConfig) -> Embeddings:
    """Return the embeddings that ``config`` names: a body makes its own with this, one or several."""
    return lookup(EMBEDDINGS, config.embeddings, "embeddings")(config)
