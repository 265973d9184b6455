"""T5 as transformers has it: ``T5ForConditionalGeneration``, of the first version and of 1.1.

They differ in two things. Feed-forward blocks are plain (``wi``) or gated (``wi_0``, ``wi_1``): a format each. One
table is both read and written with, its scores scaled, or there are two, and nothing is scaled: ``tie_word_embeddings``
says which. transformers 5 calls all of them tied when it writes ``config.json``, and the scaling
``scale_decoder_outputs``; a fresh model of 1.1 has one table there and one in its file, with which both of ours begin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zhprep.models.blocks.feedforward import ACTIVATIONS
from zhprep.models.blocks.stacks.relative import NAME as STACK
from zhprep.models.blocks.stacks.relative import BucketSettings
from zhprep.models.bodies.encoder_decoder import NAME as BODY
from zhprep.models.bodies.encoder_decoder import EncoderDecoderSettings
from zhprep.models.checkpoints.format import FLOAT32, Format, Names, has_parts
from zhprep.models.config import ModelConfig
from zhprep.models.objectives.seq2seq import NAME as OBJECTIVE
from zhprep.models.objectives.seq2seq import TargetSettings

PARTS: dict[str, Any] = {
    "body": BODY, "stack": STACK, "norm": "rms", "norm_position": "pre", "embedding_norm": False, "bias": False,
    "attention_scale": 1.0,
}  # fmt: skip
PROJECTIONS = {"relu": "relu", "gelu_new": "gelu_new", "reglu": "gated-relu", "geglu_new": "gated-gelu"}
"""Our activations and what ``feed_forward_proj`` calls them: there ``gated-gelu`` is the approximation with tanh."""


def _half(stack: str, there: str, *, gated: bool) -> Names:
    """Return the rows of the encoder or the decoder."""
    ours, theirs = f"body.{stack}.layers.{{n}}", f"{there}.block.{{n}}.layer"
    first = f"{there}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
    writes = there == "decoder"
    last = 2 if writes else 1
    up = tuple(f"{theirs}.{last}.DenseReluDense.{name}.{{p}}" for name in (("wi_0", "wi_1") if gated else ("wi",)))
    query, key, value, output = (f"{theirs}.1.EncDecAttention.{x}.{{p}}" for x in "qkvo")
    reading: Names = (
        (f"{ours}.cross_attention.block.query.{{p}}", (query,)),
        (f"{ours}.cross_attention.block.kv.{{p}}", (key, value)),
        (f"{ours}.cross_attention.block.output.{{p}}", (output,)),
        (f"{ours}.cross_attention.norm.{{p}}", (f"{theirs}.1.layer_norm.{{p}}",)),
    )
    return (
        (f"body.{stack}.position_bias.weight", (first,)),
        (f"{ours}.attention.block.qkv.{{p}}", tuple(f"{theirs}.0.SelfAttention.{x}.{{p}}" for x in "qkv")),
        (f"{ours}.attention.block.output.{{p}}", (f"{theirs}.0.SelfAttention.o.{{p}}",)),
        (f"{ours}.attention.norm.{{p}}", (f"{theirs}.0.layer_norm.{{p}}",)),
        *(reading if writes else ()),
        (f"{ours}.feedforward.block.up.{{p}}", up),
        (f"{ours}.feedforward.block.down.{{p}}", (f"{theirs}.{last}.DenseReluDense.wo.{{p}}",)),
        (f"{ours}.feedforward.norm.{{p}}", (f"{theirs}.{last}.layer_norm.{{p}}",)),
        (f"body.{stack}.final_norm.{{p}}", (f"{there}.final_layer_norm.{{p}}",)),
    )


def weights(*, gated: bool) -> Names:
    """Return the names of the weights."""
    return (
        ("body.embeddings.inputs.token.table.weight", ("shared.weight",)),
        *_half("stack", "encoder", gated=gated),
        *_half("decoder_stack", "decoder", gated=gated),
        ("objectives.seq2seq.output.weight", ("lm_head.weight",)),
    )


def is_t5(config: ModelConfig, *, gated: bool) -> bool:
    """Return whether the model is a T5: two halves of unscaled attention under a bias by distance, nothing but
    writing, scaled if there is one table."""
    own = config.settings_of(OBJECTIVE, TargetSettings) if config.objectives == (OBJECTIVE,) else None
    return (
        has_parts(config, **PARTS, activation=config.activation, head_size=config.head_size)
        and config.activation in PROJECTIONS
        and ACTIVATIONS[config.activation].gated == gated
        and set(config.parts) <= {BODY, STACK, OBJECTIVE}
        and config.inputs == ("token",)
        and own is not None
        and own.tied == own.scaled
        and not own.bias
    )


def architecture(config: ModelConfig) -> str:  # noqa: ARG001
    """Return the class that writes."""
    return "T5ForConditionalGeneration"


def described(config: ModelConfig) -> dict[str, Any]:
    """Return the sizes of the decoder, the buckets, the tokens that it begins and ends with, and how it writes."""
    own, distance = config.settings_of(BODY, EncoderDecoderSettings), config.settings_of(STACK, BucketSettings)
    tied = config.settings_of(OBJECTIVE, TargetSettings).tied
    return {
        "num_decoder_layers": own.num_decoder_layers or config.num_hidden_layers,
        "d_kv": config.head_width,
        "feed_forward_proj": PROJECTIONS[config.activation],
        "relative_attention_num_buckets": distance.num_buckets,
        "relative_attention_max_distance": distance.max_distance,
        "pad_token_id": own.pad_token_id,
        "eos_token_id": own.end_token_id,
        "decoder_start_token_id": own.decoder_start_token_id,
        "tie_word_embeddings": tied,
    }


def config_of(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a T5, its buckets, its tokens and how it writes."""
    pad = described.get("pad_token_id", 0)
    tied = described.get("scale_decoder_outputs", described.get("tie_word_embeddings", True)) is not False
    projection = described.get("feed_forward_proj", "relu")
    parts = {
        BODY: {
            "num_decoder_layers": described.get("num_decoder_layers") or 0,
            "decoder_start": "pad",
            "decoder_start_token_id": described.get("decoder_start_token_id", pad),
            "pad_token_id": pad,
            "end_token_id": described.get("eos_token_id", 1),
        },
        STACK: {
            "num_buckets": described.get("relative_attention_num_buckets", 32),
            "max_distance": described.get("relative_attention_max_distance", 128),
        },
        OBJECTIVE: {"tied": tied, "scaled": tied, "bias": False},
    }
    dropout = described.get("dropout_rate", 0.1)
    return {
        **PARTS, "inputs": ["token"], "objectives": [OBJECTIVE], "initializer_range": 0.0, "parts": parts,
        "head_size": described.get("d_kv", 64), "attention_dropout": dropout, "inner_dropout": dropout,
        "activation": next((ours for ours, theirs in PROJECTIONS.items() if theirs == projection), projection),
    }  # fmt: skip


def matches(config: ModelConfig) -> bool:
    """Return whether the model is a T5 with plain feed-forward blocks."""
    return is_t5(config, gated=False)


def is_gated(described: Mapping[str, Any]) -> bool:
    """Return whether the feed-forward blocks are gated ones."""
    return str(described.get("feed_forward_proj", "relu")).startswith("gated-")


def holds(described: Mapping[str, Any]) -> bool:
    """Return whether they are plain."""
    return not is_gated(described)


COMMON: dict[str, Any] = {
    "model_type": "t5",
    "architecture": architecture,
    "described": described,
    "fields": {
        "vocab_size": "vocab_size",
        "num_hidden_layers": "num_layers",
        "hidden_size": "d_model",
        "num_attention_heads": "num_heads",
        "intermediate_size": "d_ff",
        "max_position_embeddings": "n_positions",
        "hidden_dropout": "dropout_rate",
        "layer_norm_eps": "layer_norm_epsilon",
    },
    "fixed": {"is_encoder_decoder": True, **FLOAT32},
    "config_of": config_of,
    "begins_as": {"lm_head.weight": "shared.weight"},
}
FORMAT = Format(weights=weights(gated=False), matches=matches, holds=holds, **COMMON)
