"""ELECTRA as transformers has it: ``ElectraForPreTraining`` is a discriminator, ``ElectraForMaskedLM`` a generator.

One of them alone, as they are published, is a model with one body. The two together are :mod:`electra_pair`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zhprep.models.checkpoints import bert
from zhprep.models.checkpoints.format import FLOAT32, Format, Names, has_parts
from zhprep.models.config import ModelConfig


def stack_rows(ours: str) -> Names:
    """Return the rows of the layers that we call ``ours``."""
    return tuple(
        (name.replace("body.stack", ours), tuple(there.replace("bert.", "electra.", 1) for there in theirs))
        for name, theirs in bert.WEIGHTS
        if name.startswith("body.stack")
    )


TABLES: Names = tuple(
    (name, tuple(there.replace("bert.", "electra.", 1) for there in theirs))
    for name, theirs in bert.WEIGHTS
    if name.startswith("body.embeddings")
)
PROJECTED = ("electra.embeddings_project.{p}",)
DISCRIMINATOR: Names = (
    *TABLES, *stack_rows("body.stack"), ("body.embeddings.projection.{p}", PROJECTED),
    ("objectives.rtd.dense.{p}", ("discriminator_predictions.dense.{p}",)),
    ("objectives.rtd.output.{p}", ("discriminator_predictions.dense_prediction.{p}",)),
)  # fmt: skip
MASKED: Names = (
    ("objectives.mlm.head.transform.{p}", ("generator_predictions.dense.{p}",)),
    ("objectives.mlm.head.norm.{p}", ("generator_predictions.LayerNorm.{p}",)),
    ("objectives.mlm.head.bias", ("generator_lm_head.bias",)),
)


def plain(config: ModelConfig, **wanted: Any) -> bool:
    """Return whether the model has the inputs and layers of an ELECTRA, and ``wanted`` besides."""
    return has_parts(config, embedding_size=config.embedding_size, **wanted) and set(config.inputs) == {
        "token",
        "position",
        "segment",
    }


def matches(config: ModelConfig) -> bool:
    """Return whether the model is one of them: a table that may be narrower than the layers, one head."""
    return plain(config) and not config.parts and config.objectives in (("rtd",), ("mlm",))


def architecture(config: ModelConfig) -> str:
    """Return the class of the discriminator, or of the generator where it is alone."""
    return "ElectraForMaskedLM" if config.objectives == ("mlm",) else "ElectraForPreTraining"


def config_of(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return the objective that an architecture has the head for."""
    masked = "ElectraForMaskedLM" in (described.get("architectures") or [])
    return {"objectives": ["mlm"] if masked else ["rtd"]}


def _table_size(config: ModelConfig) -> dict[str, Any]:
    return {"embedding_size": config.table_size}


COMMON: dict[str, Any] = {
    "model_type": "electra",
    "prefix": "electra.",
    "fields": bert.FIELDS,
    "described": _table_size,
    "fixed": {
        "hidden_act": "gelu",
        "tie_word_embeddings": True,
        "use_cache": False,
        **FLOAT32,
    },
    "required": {"hidden_act": "gelu"},
}
FORMAT = Format(
    weights=(*DISCRIMINATOR, *MASKED), matches=matches, architecture=architecture,
    config_of=lambda described: config_of(described) | {"embedding_size": described.get("embedding_size", 0)},
    **COMMON,
)  # fmt: skip
