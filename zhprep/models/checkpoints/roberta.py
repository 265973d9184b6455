"""RoBERTa as transformers has it: positions begin behind the id of the padding.

Heads that its classes do not have (sentence pairs) lie in the file under names of ours, which they pass over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from zhprep.core.errors import UsageError
from zhprep.models.checkpoints import bert
from zhprep.models.checkpoints.format import FLOAT32, Format, Names, has_parts
from zhprep.models.config import ModelConfig

_COMPUTED = ("max_position_embeddings", "type_vocab_size")
_HEAD = {"transform": "dense", "norm": "layer_norm"}

WEIGHTS: Names = (
    *(
        (ours, tuple(name.replace("bert.", "roberta.", 1) for name in names))
        for ours, names in bert.WEIGHTS
        if ours.startswith("body.")
    ),
    *((f"objectives.mlm.head.{ours}.{{p}}", (f"lm_head.{theirs}.{{p}}",)) for ours, theirs in _HEAD.items()),
    ("objectives.mlm.head.bias", ("lm_head.bias",)),
    ("objectives.classify.head.pooler.{p}", ("classifier.dense.{p}",)),
    ("objectives.classify.head.classifier.{p}", ("classifier.out_proj.{p}",)),
    ("objectives.{rest}", ("zhprep.objectives.{rest}",)),
)


def matches(config: ModelConfig) -> bool:
    """Return whether the model is a RoBERTa: positions that do not begin at 0, masked tokens among its objectives."""
    return (
        has_parts(config)
        and {"position"} <= set(config.parts) <= {"position", *config.objectives}
        and config.parts["position"].get("offset", 0) > 0
        and set(config.inputs) in ({"token", "position"}, {"token", "position", "segment"})
        and "mlm" in config.objectives
        and not {"lm", "rtd"} & set(config.objectives)
        and not any(":" in name for name in config.objectives)
    )


def check(config: ModelConfig, pad_id: int) -> None:
    """Raise ``UsageError`` where positions do not begin behind the id of the padding, where RoBERTa's classes begin."""
    offset = config.parts["position"]["offset"]
    if offset != pad_id + 1:
        raise UsageError(
            f"RoBERTa counts positions from {pad_id + 1}, behind the id of the padding, and offset of "
            f"[model.position] is {offset}: saved as one it would read others",
            hint='give [model.position] behind_padding = true, or [model] format = "zhprep"',
        )


def architecture(config: ModelConfig) -> str:  # noqa: ARG001
    """Return the class that has the head of the model."""
    return "RobertaForMaskedLM"


def described(config: ModelConfig) -> dict[str, Any]:
    """Return the size of the table of positions, unused rows included, and the one segment of a model without any."""
    segments = config.type_vocab_size if "segment" in config.inputs else 1
    offset = config.parts["position"]["offset"]
    return {"max_position_embeddings": config.max_position_embeddings + offset, "type_vocab_size": segments}


def config_of(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return how positions are counted and how many there are."""
    offset = described.get("pad_token_id", 1) + 1
    return {
        "objectives": ["mlm"],
        "max_position_embeddings": described.get("max_position_embeddings", 514) - offset,
        "type_vocab_size": described.get("type_vocab_size", 1),
        "parts": {"position": {"offset": offset}},
    }


def absent(config: ModelConfig) -> dict[str, Tensor]:
    """Return a vector of nothing for the one segment of a model without segments."""
    if "segment" in config.inputs:
        return {}
    return {"roberta.embeddings.token_type_embeddings.weight": torch.zeros(1, config.hidden_size)}


FORMAT = Format(
    model_type="roberta",
    weights=WEIGHTS,
    prefix="roberta.",
    matches=matches,
    architecture=architecture,
    described=described,
    absent=absent,
    fields={ours: theirs for ours, theirs in bert.FIELDS.items() if ours not in _COMPUTED},
    fixed={
        "hidden_act": "gelu",
        "position_embedding_type": "absolute",
        "tie_word_embeddings": True,
        **FLOAT32,
    },
    required={"hidden_act": "gelu"},
    config_of=config_of,
    check=check,
)
