"""ModernBERT as transformers has it: ``ModernBertForMaskedLM``, from which its other classes take the encoder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zhprep.models.checkpoints import bert
from zhprep.models.checkpoints.format import FLOAT32, Format, Names, has_parts
from zhprep.models.config import ModelConfig

_LAYER = "model.layers.{n}"
_OURS = "body.stack.layers.{n}"

WEIGHTS: Names = (
    ("body.embeddings.inputs.token.table.weight", ("model.embeddings.tok_embeddings.weight",)),
    ("body.embeddings.norm.{p}", ("model.embeddings.norm.{p}",)),
    (f"{_OURS}.attention.block.qkv.{{p}}", (f"{_LAYER}.attn.Wqkv.{{p}}",)),
    (f"{_OURS}.attention.block.output.{{p}}", (f"{_LAYER}.attn.Wo.{{p}}",)),
    (f"{_OURS}.attention.norm.{{p}}", (f"{_LAYER}.attn_norm.{{p}}",)),
    (f"{_OURS}.feedforward.block.up.{{p}}", (f"{_LAYER}.mlp.Wi.{{p}}",)),
    (f"{_OURS}.feedforward.block.down.{{p}}", (f"{_LAYER}.mlp.Wo.{{p}}",)),
    (f"{_OURS}.feedforward.norm.{{p}}", (f"{_LAYER}.mlp_norm.{{p}}",)),
    ("body.stack.final_norm.{p}", ("model.final_norm.{p}",)),
    ("objectives.mlm.head.transform.{p}", ("head.dense.{p}",)),
    ("objectives.mlm.head.norm.{p}", ("head.norm.{p}",)),
    ("objectives.mlm.head.bias", ("decoder.bias",)),
)
PARTS: dict[str, Any] = {
    "layer": "bare-first", "norm_position": "pre", "activation": "geglu", "bias": False,
}  # fmt: skip
_FIELDS = (
    "vocab_size", "num_hidden_layers", "hidden_size", "num_attention_heads", "intermediate_size",
    "max_position_embeddings", "initializer_range",
)  # fmt: skip


def matches(config: ModelConfig) -> bool:
    """Return whether the model is a ModernBERT: rotary positions, gated feed-forward, norms before, no biases."""
    free = {name: getattr(config, name) for name in ("rotary_theta", "local_rotary_theta", "local_attention")}
    return (
        has_parts(config, **PARTS, **free)
        and config.rotary_theta > 0
        and not config.parts
        and config.inputs == ("token",)
        and config.objectives == ("mlm",)
    )


def architecture(config: ModelConfig) -> str:  # noqa: ARG001
    """Return the class that has the head of the model."""
    return "ModernBertForMaskedLM"


def described(config: ModelConfig) -> dict[str, Any]:
    """Return which layers see all and the bases of their rotary positions, as transformers 5 reads them and as 4 does:
    it knows neither ``layer_types`` nor ``rope_parameters``, and takes the original's windows for what it lacks."""
    local = config.local_attention
    every = config.global_attn_every_n_layers if local else 1
    kinds = ["sliding_attention" if index % every else "full_attention" for index in range(config.num_hidden_layers)]
    thetas = {
        "full_attention": config.rotary_theta,
        "sliding_attention": config.local_rotary_theta or config.rotary_theta,
    }
    return {
        "layer_types": kinds,
        "global_attn_every_n_layers": every,
        "local_attention": local or 2 * config.max_position_embeddings,
        "rope_parameters": {kind: {"rope_type": "default", "rope_theta": theta} for kind, theta in thetas.items()},
        "global_rope_theta": thetas["full_attention"],
        "local_rope_theta": thetas["sliding_attention"],
    }


def config_of(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a ModernBERT, its windows and the bases of its rotary positions."""
    ropes = described.get("rope_parameters") or {}
    full, local = (
        float(ropes.get(kind, {}).get("rope_theta", described.get(old, default)))
        for kind, old, default in (
            ("full_attention", "global_rope_theta", 160_000.0), ("sliding_attention", "local_rope_theta", 10_000.0),
        )
    )  # fmt: skip
    return {
        **PARTS, "inputs": ["token"], "objectives": ["mlm"], "rotary_theta": full, "local_rotary_theta": local,
        "local_attention": described.get("local_attention", 128), "global_attn_every_n_layers": _every(described),
    }  # fmt: skip


def _every(described: Mapping[str, Any]) -> int:
    """Return every how many layers one sees all; transformers 4 writes the number, and none of the layers."""
    kinds = described.get("layer_types")
    if kinds is None:
        return int(described.get("global_attn_every_n_layers", 3))
    return next((index for index, kind in enumerate(kinds) if index and kind == "full_attention"), max(len(kinds), 1))


FORMAT = Format(
    model_type="modernbert",
    weights=WEIGHTS,
    prefix="model.",
    matches=matches,
    architecture=architecture,
    described=described,
    fields={
        **{name: bert.FIELDS[name] for name in _FIELDS},
        "hidden_dropout": "mlp_dropout",
        "attention_dropout": "attention_dropout",
        "layer_norm_eps": "norm_eps",
    },
    fixed={
        "hidden_activation": "gelu",
        "norm_bias": False,
        "attention_bias": False,
        "mlp_bias": False,
        "decoder_bias": True,
        "classifier_bias": False,
        "tie_word_embeddings": True,
        **FLOAT32,
    },
    required={"hidden_activation": "gelu"},
    config_of=config_of,
)
