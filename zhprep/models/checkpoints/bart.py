"""BART as transformers has it: ``BartForConditionalGeneration``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zhprep.models.bodies.encoder_decoder import NAME, EncoderDecoderSettings
from zhprep.models.checkpoints.format import FLOAT32, Format, Names, has_parts
from zhprep.models.config import ModelConfig

OFFSET = 2
"""Rows of the table of positions that are not used (``BartLearnedPositionalEmbedding``)."""
EPS = 1e-5
"""Of the norms: no setting there."""


def _half(stack: str, embeddings: str, there: str) -> Names:
    """Return the rows of the encoder or the decoder, but for the table of tokens that they share."""
    ours, theirs = f"body.{stack}.layers.{{n}}", f"model.{there}.layers.{{n}}"
    query, key, value = (f"{theirs}.encoder_attn.{x}_proj.{{p}}" for x in "qkv")
    return (
        (f"body.{embeddings}.inputs.position.table.weight", (f"model.{there}.embed_positions.weight",)),
        (f"body.{embeddings}.norm.{{p}}", (f"model.{there}.layernorm_embedding.{{p}}",)),
        (f"{ours}.attention.block.qkv.{{p}}", tuple(f"{theirs}.self_attn.{x}_proj.{{p}}" for x in "qkv")),
        (f"{ours}.attention.block.output.{{p}}", (f"{theirs}.self_attn.out_proj.{{p}}",)),
        (f"{ours}.attention.norm.{{p}}", (f"{theirs}.self_attn_layer_norm.{{p}}",)),
        (f"{ours}.cross_attention.block.query.{{p}}", (query,)),
        (f"{ours}.cross_attention.block.kv.{{p}}", (key, value)),
        (f"{ours}.cross_attention.block.output.{{p}}", (f"{theirs}.encoder_attn.out_proj.{{p}}",)),
        (f"{ours}.cross_attention.norm.{{p}}", (f"{theirs}.encoder_attn_layer_norm.{{p}}",)),
        (f"{ours}.feedforward.block.up.{{p}}", (f"{theirs}.fc1.{{p}}",)),
        (f"{ours}.feedforward.block.down.{{p}}", (f"{theirs}.fc2.{{p}}",)),
        (f"{ours}.feedforward.norm.{{p}}", (f"{theirs}.final_layer_norm.{{p}}",)),
    )


WEIGHTS: Names = (
    ("body.embeddings.inputs.token.table.weight", ("model.shared.weight",)),
    *_half("stack", "embeddings", "encoder"),
    *_half("decoder_stack", "decoder_embeddings", "decoder"),
    ("objectives.seq2seq.final_logits_bias", ("final_logits_bias",)),
)


def matches(config: ModelConfig) -> bool:
    """Return whether the model is a BART: two halves, learned positions, nothing but writing."""
    return (
        has_parts(config, body=NAME)
        and set(config.parts) <= {NAME, "position"}
        and config.parts.get("position", {}).get("offset", 0) == OFFSET
        and config.inputs == ("token", "position")
        and config.objectives == ("seq2seq",)
        and config.layer_norm_eps == EPS
    )


def architecture(config: ModelConfig) -> str:  # noqa: ARG001
    """Return the class that writes."""
    return "BartForConditionalGeneration"


def described(config: ModelConfig) -> dict[str, Any]:
    """Return the sizes of the decoder, and the tokens that it begins and ends with: one and the same."""
    own = config.settings_of(NAME, EncoderDecoderSettings)
    end = own.decoder_start_token_id
    return {
        "decoder_layers": own.num_decoder_layers or config.num_hidden_layers,
        "decoder_attention_heads": config.num_attention_heads,
        "decoder_ffn_dim": config.intermediate_size,
        "pad_token_id": own.pad_token_id,
        "bos_token_id": None,
        "eos_token_id": end,
        "forced_eos_token_id": end,
        "decoder_start_token_id": end,
    }


def config_of(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a BART, the layers of its decoder and its tokens."""
    own = {
        "num_decoder_layers": described.get("decoder_layers", 0),
        "decoder_start_token_id": described.get("decoder_start_token_id", 2),
        "pad_token_id": described.get("pad_token_id", 1),
    }
    return {
        "body": NAME, "inputs": ["token", "position"], "objectives": ["seq2seq"], "layer_norm_eps": EPS,
        "parts": {NAME: own, "position": {"offset": OFFSET}},
    }  # fmt: skip


def holds(described: Mapping[str, Any]) -> bool:
    """Return whether both halves have layers of one size, as ours have."""
    pairs = ("attention_heads", "ffn_dim")
    return all(described.get(f"encoder_{name}") == described.get(f"decoder_{name}") for name in pairs)


FORMAT = Format(
    model_type="bart",
    weights=WEIGHTS,
    prefix="model.",
    matches=matches,
    architecture=architecture,
    described=described,
    fields={
        "vocab_size": "vocab_size",
        "num_hidden_layers": "encoder_layers",
        "hidden_size": "d_model",
        "num_attention_heads": "encoder_attention_heads",
        "intermediate_size": "encoder_ffn_dim",
        "max_position_embeddings": "max_position_embeddings",
        "hidden_dropout": "dropout",
        "attention_dropout": "attention_dropout",
        "initializer_range": "init_std",
    },
    fixed={
        "activation_function": "gelu",
        "scale_embedding": False,
        "is_encoder_decoder": True,
        "tie_word_embeddings": True,
        **FLOAT32,
    },
    required={"activation_function": "gelu", "scale_embedding": False},
    config_of=config_of,
    holds=holds,
)
