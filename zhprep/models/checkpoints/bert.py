"""BERT as transformers has it: ``BertForMaskedLM``, ``BertForPreTraining`` where there is a sentence objective."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from zhprep.models.checkpoints.format import FLOAT32, Format, Names, has_parts
from zhprep.models.config import ModelConfig

_LAYER = "bert.encoder.layer.{n}"
_PAIR = (("pooler.{p}", "bert.pooler.dense.{p}"), ("classifier.{p}", "cls.seq_relationship.{p}"))
TOKENS = ("mlm", "lm")
"""Objectives whose head is ``cls.predictions``: a model has one of them."""
SENTENCE = ("next_sentence", "sentence_order")
"""Objectives whose head is ``cls.seq_relationship``."""

WEIGHTS: Names = (
    ("body.embeddings.inputs.token.table.weight", ("bert.embeddings.word_embeddings.weight",)),
    ("body.embeddings.inputs.position.table.weight", ("bert.embeddings.position_embeddings.weight",)),
    ("body.embeddings.inputs.segment.table.weight", ("bert.embeddings.token_type_embeddings.weight",)),
    ("body.embeddings.norm.{p}", ("bert.embeddings.LayerNorm.{p}",)),
    (
        "body.stack.layers.{n}.attention.block.qkv.{p}",
        tuple(f"{_LAYER}.attention.self.{x}.{{p}}" for x in ("query", "key", "value")),
    ),
    ("body.stack.layers.{n}.attention.block.output.{p}", (f"{_LAYER}.attention.output.dense.{{p}}",)),
    ("body.stack.layers.{n}.attention.norm.{p}", (f"{_LAYER}.attention.output.LayerNorm.{{p}}",)),
    ("body.stack.layers.{n}.feedforward.block.up.{p}", (f"{_LAYER}.intermediate.dense.{{p}}",)),
    ("body.stack.layers.{n}.feedforward.block.down.{p}", (f"{_LAYER}.output.dense.{{p}}",)),
    ("body.stack.layers.{n}.feedforward.norm.{p}", (f"{_LAYER}.output.LayerNorm.{{p}}",)),
    *((f"objectives.{name}.head.transform.{{p}}", ("cls.predictions.transform.dense.{p}",)) for name in TOKENS),
    *((f"objectives.{name}.head.norm.{{p}}", ("cls.predictions.transform.LayerNorm.{p}",)) for name in TOKENS),
    *((f"objectives.{name}.head.bias", ("cls.predictions.bias",)) for name in TOKENS),
    *((f"objectives.{name}.head.{ours}", (theirs,)) for name in SENTENCE for ours, theirs in _PAIR),
    ("objectives.classify.head.pooler.{p}", ("bert.pooler.dense.{p}",)),
    ("objectives.classify.head.classifier.{p}", ("classifier.{p}",)),
    ("objectives.{rest}", ("zhprep.objectives.{rest}",)),
)
"""Heads that no class of transformers has lie in the file under names of ours, which its classes pass over."""

FIELDS = {
    "vocab_size": "vocab_size",
    "num_hidden_layers": "num_hidden_layers",
    "hidden_size": "hidden_size",
    "num_attention_heads": "num_attention_heads",
    "intermediate_size": "intermediate_size",
    "max_position_embeddings": "max_position_embeddings",
    "type_vocab_size": "type_vocab_size",
    "hidden_dropout": "hidden_dropout_prob",
    "attention_dropout": "attention_probs_dropout_prob",
    "layer_norm_eps": "layer_norm_eps",
    "initializer_range": "initializer_range",
}


def matches(config: ModelConfig) -> bool:
    """Return whether the model is a BERT: these inputs, this layer, and one stream that is of use."""
    writes = config.objectives == ("lm",)
    body = config.body if config.body in _ONE_ENCODER else "single"
    return (
        has_parts(config, body="causal" if writes else body)
        and set(config.parts) <= {body, *config.objectives}
        and set(config.inputs) <= {"token", "position", "segment"}
        and (writes or not {"lm", "rtd"} & set(config.objectives))  # a discriminator is an ELECTRA
        and not any(":" in name for name in config.objectives)
        and len(set(config.objectives) & set(SENTENCE)) <= 1
    )


_ONE_ENCODER = ("single", "compared")
"""Bodies that are one encoder, whatever they read in training."""


def architecture(config: ModelConfig) -> str:
    """Return the class that has the heads of the model that any class has."""
    if config.objectives == ("lm",):
        return "BertLMHeadModel"
    if set(SENTENCE) & set(config.objectives):
        return "BertForPreTraining"
    return "BertForMaskedLM" if "mlm" in config.objectives else "BertModel"


def described(config: ModelConfig) -> dict[str, Any]:
    """Return that a model that writes looks back only."""
    return {"is_decoder": True} if config.body == "causal" else {}


def config_of(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return the objectives that an architecture has heads for."""
    if described.get("is_decoder"):
        return {"body": "causal", "objectives": ["lm"]}
    pair = "BertForPreTraining" in (described.get("architectures") or [])
    return {"objectives": ["mlm", "next_sentence"] if pair else ["mlm"]}


def absent(config: ModelConfig) -> dict[str, Tensor]:
    """Return vectors of nothing for inputs that the model does not have: transformers draws what is missing anew."""
    rows = {"position": config.max_position_embeddings, "segment": config.type_vocab_size}
    names = {"position": "position_embeddings", "segment": "token_type_embeddings"}
    return {
        f"bert.embeddings.{names[part]}.weight": torch.zeros(rows[part], config.hidden_size)
        for part in rows
        if part not in config.inputs
    }


def modern(name: str) -> str:
    """Return today's name of a weight under Google's ``gamma`` and ``beta``."""
    return re.sub(r"LayerNorm\.beta$", "LayerNorm.bias", re.sub(r"LayerNorm\.gamma$", "LayerNorm.weight", name))


FORMAT = Format(
    model_type="bert",
    weights=WEIGHTS,
    prefix="bert.",
    matches=matches,
    architecture=architecture,
    absent=absent,
    fields=FIELDS,
    fixed={
        "hidden_act": "gelu",
        "position_embedding_type": "absolute",
        "tie_word_embeddings": True,
        "use_cache": False,
        **FLOAT32,
    },
    required={"hidden_act": "gelu"},
    described=described,
    config_of=config_of,
    modern=modern,
)
