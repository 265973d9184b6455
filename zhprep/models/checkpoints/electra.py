"""ELECTRA as transformers has it: ``ElectraForPreTraining`` is the discriminator, ``ElectraForMaskedLM`` the generator.

A model with both is saved as its discriminator, with the generator in the folder ``generator`` beside it; the table
that they share is in both. One of them alone, as it is published, is a model with one body.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zhprep.models.bodies.generator_discriminator import generator_config
from zhprep.models.checkpoints import bert
from zhprep.models.checkpoints.format import Format, Names, has_parts
from zhprep.models.config import ModelConfig

BODY = "generator-discriminator"


def _stack(ours: str) -> Names:
    """Return the rows of the layers that we call ``ours``."""
    return tuple(
        (name.replace("body.stack", ours), tuple(there.replace("bert.", "electra.", 1) for there in theirs))
        for name, theirs in bert.WEIGHTS
        if name.startswith("body.stack")
    )


_TABLES: Names = tuple(
    (name, tuple(there.replace("bert.", "electra.", 1) for there in theirs))
    for name, theirs in bert.WEIGHTS
    if name.startswith("body.embeddings")
)
_PROJECTED = ("electra.embeddings_project.{p}",)
_DISCRIMINATOR: Names = (
    *_TABLES, *_stack("body.stack"), ("body.embeddings.projection.{p}", _PROJECTED),
    ("objectives.rtd.dense.{p}", ("discriminator_predictions.dense.{p}",)),
    ("objectives.rtd.output.{p}", ("discriminator_predictions.dense_prediction.{p}",)),
)  # fmt: skip
_MASKED: Names = (
    ("objectives.mlm.head.transform.{p}", ("generator_predictions.dense.{p}",)),
    ("objectives.mlm.head.norm.{p}", ("generator_predictions.LayerNorm.{p}",)),
    ("objectives.mlm.head.bias", ("generator_lm_head.bias",)),
)
_GENERATOR: Names = (
    *_TABLES, *_stack("body.generator_stack"), ("body.generator_embeddings.projection.{p}", _PROJECTED), *_MASKED,
)  # fmt: skip


def _plain(config: ModelConfig, **wanted: Any) -> bool:
    return (
        has_parts(config, embedding_size=config.embedding_size, **wanted)
        and set(config.inputs) == {"token", "position", "segment"}
        and set(config.parts) <= {BODY}
    )


def is_pair(config: ModelConfig) -> bool:
    """Return whether the model is a generator and a discriminator."""
    return _plain(config, body=BODY) and set(config.objectives) <= {"mlm", "rtd"}


def is_alone(config: ModelConfig) -> bool:
    """Return whether the model is one of them: a table that may be narrower than the layers, one head."""
    return _plain(config) and config.objectives in (("rtd",), ("mlm",))


def architecture(config: ModelConfig) -> str:
    """Return the class of the discriminator, or of the generator where it is alone."""
    return "ElectraForMaskedLM" if config.objectives == ("mlm",) else "ElectraForPreTraining"


def _generator(config: ModelConfig) -> str:  # noqa: ARG001
    return "ElectraForMaskedLM"


def _tells_pair(described: Mapping[str, Any]) -> bool:
    return bool(described.get("zhprep", {}).get("body") == BODY)


def config_of(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return the objective that an architecture has the head for."""
    masked = "ElectraForMaskedLM" in (described.get("architectures") or [])
    return {"objectives": ["mlm"] if masked else ["rtd"]}


def _table_size(config: ModelConfig) -> dict[str, Any]:
    return {"embedding_size": config.table_size}


_COMMON: dict[str, Any] = {
    "model_type": "electra",
    "prefix": "electra.",
    "fields": bert.FIELDS,
    "described": _table_size,
    "fixed": {
        "hidden_act": "gelu",
        "tie_word_embeddings": True,
        "use_cache": False,
        "dtype": "float32",
        "torch_dtype": "float32",  # the name of transformers 4
    },
    "required": {"hidden_act": "gelu"},
}
GENERATOR = Format(weights=_GENERATOR, matches=is_pair, architecture=_generator, config_in=generator_config, **_COMMON)
PAIR = Format(
    weights=_DISCRIMINATOR, matches=is_pair, architecture=architecture, holds=_tells_pair,
    beside={"generator": GENERATOR}, **_COMMON,
)  # fmt: skip
ALONE = Format(
    weights=(*_DISCRIMINATOR, *_MASKED), matches=is_alone, architecture=architecture,
    config_of=lambda described: config_of(described) | {"embedding_size": described.get("embedding_size", 0)},
    **_COMMON,
)  # fmt: skip
