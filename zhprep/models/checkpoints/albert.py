"""ALBERT as transformers has it: one layer for all, a narrow token table; `AlbertForPreTraining` for sentence order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zhprep.models.blocks.feedforward import activation_of
from zhprep.models.checkpoints import bert
from zhprep.models.checkpoints.format import FLOAT32, Format, Names, has_parts
from zhprep.models.config import ModelConfig

_LAYER = "albert.encoder.albert_layer_groups.0.albert_layers.0"
_BODY = "body.stack.layers.0"

WEIGHTS: Names = (
    ("body.embeddings.inputs.token.table.weight", ("albert.embeddings.word_embeddings.weight",)),
    ("body.embeddings.inputs.position.table.weight", ("albert.embeddings.position_embeddings.weight",)),
    ("body.embeddings.inputs.segment.table.weight", ("albert.embeddings.token_type_embeddings.weight",)),
    ("body.embeddings.norm.{p}", ("albert.embeddings.LayerNorm.{p}",)),
    ("body.embeddings.projection.{p}", ("albert.encoder.embedding_hidden_mapping_in.{p}",)),
    (f"{_BODY}.attention.block.qkv.{{p}}", tuple(f"{_LAYER}.attention.{x}.{{p}}" for x in ("query", "key", "value"))),
    (f"{_BODY}.attention.block.output.{{p}}", (f"{_LAYER}.attention.dense.{{p}}",)),
    (f"{_BODY}.attention.norm.{{p}}", (f"{_LAYER}.attention.LayerNorm.{{p}}",)),
    (f"{_BODY}.feedforward.block.up.{{p}}", (f"{_LAYER}.ffn.{{p}}",)),
    (f"{_BODY}.feedforward.block.down.{{p}}", (f"{_LAYER}.ffn_output.{{p}}",)),
    (f"{_BODY}.feedforward.norm.{{p}}", (f"{_LAYER}.full_layer_layer_norm.{{p}}",)),
    ("objectives.mlm.head.transform.{p}", ("predictions.dense.{p}",)),
    ("objectives.mlm.head.norm.{p}", ("predictions.LayerNorm.{p}",)),
    ("objectives.mlm.head.bias", ("predictions.bias",)),
    ("objectives.sentence_order.head.pooler.{p}", ("albert.pooler.{p}",)),
    ("objectives.sentence_order.head.classifier.{p}", ("sop_classifier.classifier.{p}",)),
    ("objectives.classify.head.pooler.{p}", ("albert.pooler.{p}",)),
    ("objectives.classify.head.classifier.{p}", ("classifier.{p}",)),
)


def matches(config: ModelConfig) -> bool:
    """Return whether the model is an ALBERT: one layer for all, a token table of another width than the layers,
    feed-forward blocks without a gate."""
    return (
        has_parts(config, stack="shared", embedding_size=config.embedding_size, activation=config.activation)
        and config.parts.get("shared", {}).get("sharing", "all") == "all"
        and set(config.parts) <= {"shared"}
        and config.table_size != config.hidden_size
        and set(config.inputs) == {"token", "position", "segment"}
        and set(config.objectives) <= {"mlm", "sentence_order"}
        and not activation_of(config).gated
    )


def architecture(config: ModelConfig) -> str:
    """Return the class that has all heads of the model."""
    return "AlbertForPreTraining" if "sentence_order" in config.objectives else "AlbertForMaskedLM"


def config_of(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of an ALBERT, and the objectives that its architecture has heads for."""
    pair = "AlbertForPreTraining" in (described.get("architectures") or [])
    return {"stack": "shared", "objectives": ["mlm", "sentence_order"] if pair else ["mlm"]}


FORMAT = Format(
    model_type="albert",
    weights=WEIGHTS,
    prefix="albert.",
    matches=matches,
    architecture=architecture,
    fields={**bert.FIELDS, "embedding_size": "embedding_size", "activation": "hidden_act"},
    fixed={
        "num_hidden_groups": 1,
        "inner_group_num": 1,
        "tie_word_embeddings": True,
        **FLOAT32,
    },
    required={"num_hidden_groups": 1, "inner_group_num": 1},
    config_of=config_of,
)
