"""Our own format, for models that transformers has no class for: our names of weights, all settings as they are.

Where ``portable/`` knows all parts of a model, its two files are written beside the weights, so that the folder loads
with ``AutoModel.from_pretrained(FOLDER, trust_remote_code=True)`` where there is no zhprep.
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
CODE = ("configuration_zhprep.py", "modeling_zhprep.py")
"""The files that a folder loads with."""

_PORTABLE: dict[str, set[str]] = {
    "body": {"single", "causal", "compared"},
    "embeddings": {"sum", "fusion"},
    "stack": {"separate", "shared"},
    "layer": {"transformer", "bare-first"},
    "norm": {"layer", "rms"},
    "activation": {"gelu", "gelu_new", "relu", "silu", "geglu", "geglu_new", "reglu", "swiglu"},
}
_INPUTS = {"token", "position", "segment", "pinyin", "glyph", "language", "characters"}


def is_portable(config: ModelConfig) -> bool:
    """Return whether the files that lie beside the weights know all parts of the model's encoder."""
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
    return "ZhprepForMaskedLM" if _says_masked(config) else "ZhprepModel"


def _says_masked(config: ModelConfig) -> bool:
    return "mlm" in config.objectives and config.output == "table"


def described(config: ModelConfig) -> dict[str, Any]:
    """Return where the classes of the model are, and how many syllables it can hear."""
    if not is_portable(config):
        return {}
    places = {"AutoConfig": "configuration_zhprep.ZhprepConfig", "AutoModel": "modeling_zhprep.ZhprepModel"}
    if _says_masked(config):
        places["AutoModelForMaskedLM"] = "modeling_zhprep.ZhprepForMaskedLM"
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
