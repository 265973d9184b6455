"""ChineseBERT as its authors have it (ShannonAI/ChineseBert, ``GlyceBertForMaskedLM``): a BERT with other embeddings.

Their folders call themselves BERT, which transformers would believe, and load without the glyphs; what tells them apart
is the table of images among the weights. Ours in this layout say ``chinesebert``: their classes do not look at it, and
``AutoModel``, which knows no such family, refuses. A model is saved so where the recipe or ``zhprep export`` names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from zhprep.models.checkpoints import bert
from zhprep.models.checkpoints.format import Format, Names, has_parts
from zhprep.models.config import ModelConfig

_EMBEDDINGS = "bert.embeddings"
GLYPH_DIM = 1728
"""Three typefaces of 24 x 24, where ``config.json`` does not say; their code has no other number."""

IMAGES = "body.embeddings.inputs.glyph.images.weight"
WEIGHTS: Names = (
    *bert.WEIGHTS,
    ("body.embeddings.inputs.pinyin.letters.weight", (f"{_EMBEDDINGS}.pinyin_embeddings.embedding.weight",)),
    ("body.embeddings.inputs.pinyin.convolution.{p}", (f"{_EMBEDDINGS}.pinyin_embeddings.conv.{{p}}",)),
    (IMAGES, (f"{_EMBEDDINGS}.glyph_embeddings.embedding.weight",)),
    ("body.embeddings.inputs.glyph.map.{p}", (f"{_EMBEDDINGS}.glyph_map.{{p}}",)),
    ("body.embeddings.map.{p}", (f"{_EMBEDDINGS}.map_fc.{{p}}",)),
)


def matches(config: ModelConfig) -> bool:
    """Return whether the model is a ChineseBERT: all three fused, in their order, and masked tokens alone."""
    fusion = config.parts.get("fusion", {})
    return (
        has_parts(config, embeddings="fusion")
        and set(config.parts) <= {"fusion", "glyph"}
        and list(fusion.get("fused", _FUSED)) == _FUSED
        and set(config.inputs) in ({*_FUSED, "position"}, {*_FUSED, "position", "segment"})
        and config.objectives == ("mlm",)
    )


_FUSED = ["token", "pinyin", "glyph"]


def architecture(config: ModelConfig) -> str:  # noqa: ARG001
    """Return the class that has the head of the model."""
    return "GlyceBertForMaskedLM"


def described(config: ModelConfig) -> dict[str, Any]:
    """Return the size of the images, under the name that PaddleNLP's port gave it."""
    return {"glyph_embedding_dim": config.parts["glyph"]["glyph_embedding_dim"]}


def config_of(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a ChineseBERT."""
    return {
        "inputs": [*_FUSED, "position", "segment"],
        "embeddings": "fusion",
        "objectives": ["mlm"],
        "parts": {"glyph": {"glyph_embedding_dim": described.get("glyph_embedding_dim", GLYPH_DIM)}},
    }


def absent(config: ModelConfig) -> dict[str, Tensor]:
    """Return what theirs has besides: positions by number, and a pooler, untrained there too without sentence pairs."""
    width = config.hidden_size
    return {
        f"{_EMBEDDINGS}.position_ids": torch.arange(config.max_position_embeddings)[None],
        "bert.pooler.dense.weight": torch.zeros(width, width),
        "bert.pooler.dense.bias": torch.zeros(width),
        **bert.absent(config),
    }


def holds(described: Mapping[str, Any]) -> bool:
    """Return whether a folder, that may call itself BERT, says in some way that it has glyphs."""
    named = any(name.startswith("GlyceBert") for name in described.get("architectures") or [])
    return named or "glyph_embedding_dim" in described or described.get("model_type") == "chinesebert"


FORMAT = Format(
    model_type="chinesebert",
    by_name=True,
    also=("bert",),
    mark=f"{_EMBEDDINGS}.glyph_embeddings.embedding.weight",
    weights=WEIGHTS,
    prefix="bert.",
    matches=matches,
    architecture=architecture,
    holds=holds,
    absent=absent,
    tied={
        "cls.predictions.decoder.weight": f"{_EMBEDDINGS}.word_embeddings.weight",
        "cls.predictions.decoder.bias": "cls.predictions.bias",
    },
    fields=bert.FIELDS,
    fixed={**bert.FORMAT.fixed, "pinyin_map_len": 32},
    required=bert.FORMAT.required,
    described=described,
    config_of=config_of,
    modern=bert.modern,
)
