"""Our own format, for models that transformers has no class for: our names of weights, all settings as they are.

Where ``portable/`` knows all parts of a model, its files are written beside the weights, so that the folder loads with
``AutoModel.from_pretrained(FOLDER, trust_remote_code=True)`` where there is no zhprep.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zhprep.models.checkpoints.format import FLOAT32, Format
from zhprep.models.config import ModelConfig
from zhprep.pinyin.syllables import spellings

_CODE = Path(__file__).parent / "portable"
CODE = tuple(f"{name}_zhprep.py" for name in ("configuration", "embeddings", "layers", "modeling"))
"""The files that a folder loads with."""

_PORTABLE: dict[str, set[str]] = {
    "body": {"single", "causal", "compared", "generator-discriminator", "two-granularities", "encoder-decoder"},
    "embeddings": {"sum", "fusion"},
    "stack": {"separate", "shared", "relative"},
    "layer": {"transformer", "bare-first"},
    "norm": {"layer", "rms"},
    "activation": {"gelu", "gelu_new", "relu", "silu", "geglu", "geglu_new", "reglu", "swiglu"},
}
_INPUTS = {"token", "position", "segment", "pinyin", "glyph", "language", "characters"}
_OUTPUTS = {"table", "adaptive"}
_HEADS = {
    "mlm": ("AutoModelForMaskedLM", "ZhprepForMaskedLM"),
    "mlm:coarse": ("AutoModelForMaskedLM", "ZhprepForMaskedLM"),
    "lm": ("AutoModelForCausalLM", "ZhprepForCausalLM"),
}
"""The classes with the head of an objective: what loads them, and their names."""
_APART = {"generator-discriminator"}
"""Bodies whose tokens are told by a part that the files do not have."""


def is_portable(config: ModelConfig) -> bool:
    """Return whether the files that lie beside the weights know all parts of the model's body."""
    return (
        all(getattr(config, name) in known for name, known in _PORTABLE.items())
        and set(config.inputs) <= _INPUTS
        and not config.cross_attention
    )


def matches(config: ModelConfig) -> bool:  # noqa: ARG001
    """Return True: any model can be saved so."""
    return True


def architecture(config: ModelConfig) -> str:
    """Return the class that has the heads of the model, or what else to load it with."""
    if not is_portable(config):
        return "zhprep.models.checkpoints.files.load_model"
    return next(iter(_heads(config).values()), "ZhprepModel")


def _heads(config: ModelConfig) -> dict[str, str]:
    """Return the classes that have heads of the model, by the names of what loads them."""
    if config.output not in _OUTPUTS or config.body in _APART:
        return {}
    return dict(_HEADS[name] for name in config.objectives if name in _HEADS)


def described(config: ModelConfig) -> dict[str, Any]:
    """Return where the classes of the model are, and how many syllables it can hear."""
    if not is_portable(config):
        return {}
    classes = {"AutoModel": "ZhprepModel", **_heads(config)}
    places = {"AutoConfig": "configuration_zhprep.ZhprepConfig"}
    places |= {loader: f"modeling_zhprep.{name}" for loader, name in classes.items()}
    return {"auto_map": places, **({"n_syllables": len(spellings())} if "pinyin" in config.inputs else {}), **FLOAT32}


def absent(config: ModelConfig) -> dict[str, Tensor]:
    """Return how syllables are spelt, int64 ``[S, 8]``, for a model that hears them: ours know it without the file."""
    if not is_portable(config) or "pinyin" not in config.inputs:
        return {}
    return {"body.embeddings.inputs.pinyin.spellings": torch.from_numpy(spellings().astype(np.int64))}


def code(config: ModelConfig) -> dict[str, bytes]:
    """Return the files that the model loads with, by name."""
    return {name: (_CODE / f"{name}.txt").read_bytes() for name in CODE} if is_portable(config) else {}


FORMAT = Format(
    model_type="zhprep",
    weights=None,
    matches=matches,
    architecture=architecture,
    described=described,
    absent=absent,
    code=code,
)
