"""Model folders as Hugging Face keeps them: ``config.json`` and ``model.safetensors`` in transformers' names.

What is saved here loads with ``transformers.BertForMaskedLM.from_pretrained`` (``BertForPreTraining`` where there is a
sentence objective) and gives equal logits; what transformers saved loads here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor

from zhprep.core import config as settings
from zhprep.core.errors import DataError, UsageError
from zhprep.models.config import ModelConfig
from zhprep.models.model import Model
from zhprep.models.names import from_transformers, to_transformers
from zhprep.models.weights import write_weights

_SETTINGS = {
    "vocabulary_size": "vocab_size",
    "n_layers": "num_hidden_layers",
    "width": "hidden_size",
    "n_heads": "num_attention_heads",
    "feedforward_width": "intermediate_size",
    "n_positions": "max_position_embeddings",
    "n_segments": "type_vocab_size",
    "dropout": "hidden_dropout_prob",
    "attention_dropout": "attention_probs_dropout_prob",
    "norm_epsilon": "layer_norm_eps",
    "initial_std": "initializer_range",
}
_PARTS = ("inputs", "encoder", "objectives", "objective_weights")
_FIXED = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "position_embedding_type": "absolute",
    "tie_word_embeddings": True,
    "use_cache": False,
    "dtype": "float32",
    "torch_dtype": "float32",  # the name of transformers 4
}


def save_model(model: Model, folder: Path, *, pad_id: int = 0) -> None:
    """Write ``config.json`` and ``model.safetensors`` into ``folder``, in transformers' format and names."""
    values = settings.as_dict(model.config)
    pair = any(name != "mlm" for name in model.config.objectives)
    described = {
        "architectures": ["BertForPreTraining" if pair else "BertForMaskedLM"],
        **_FIXED,
        "pad_token_id": pad_id,
        **{theirs: values[ours] for ours, theirs in _SETTINGS.items()},
        "zhprep": {name: values[name] for name in _PARTS},
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
    weights = {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}
    write_weights(to_transformers(weights), folder / "model.safetensors", {"format": "pt"})


def read_config(folder: Path) -> ModelConfig:
    """Return the model config that ``folder/config.json`` describes.

    Raises ``DataError`` when it is not a BERT of transformers or of ours.
    """
    try:
        described = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{folder} is not a model folder: no config.json in it", hint="give a finished run") from None
    except ValueError as error:
        raise DataError(f"{folder / 'config.json'}: {error}") from error
    for name, value in (("model_type", "bert"), ("hidden_act", "gelu")):
        if described.get(name) != value:
            raise DataError(f"{folder / 'config.json'}: {name} is {described.get(name)!r}, not {value!r}")
    values: dict[str, Any] = {ours: described[theirs] for ours, theirs in _SETTINGS.items() if theirs in described}
    pair = "BertForPreTraining" in (described.get("architectures") or [])
    parts = {"objectives": ["mlm", "next_sentence"] if pair else ["mlm"], **described.get("zhprep", {})}
    return settings.build(ModelConfig, {**values, **parts}, where=str(folder / "config.json"))


def load_model(folder: Path) -> Model:
    """Return the model saved in ``folder``.

    Raises ``DataError`` when a weight is missing or of another shape.
    """
    model = Model(read_config(folder))
    missing = load_weights(model, folder)
    if missing:
        raise DataError(f"{folder}: no weights for {', '.join(missing[:3])}" + (" …" if len(missing) > 3 else ""))
    return model


def load_weights(model: Model, folder: Path) -> list[str]:
    """Start ``model`` from the weights in ``folder`` and return the names of those it lacks, which stay as they are.

    A model of fewer layers takes the first ones, as RBT3 does. Released Chinese models often lack the heads. Raises
    ``DataError`` when a weight has another shape.
    """
    own = model.state_dict()
    found = from_transformers(_read(folder), own)
    for name, tensor in found.items():
        if tensor.shape != own[name].shape:
            raise DataError(
                f"{folder}: {name} is {list(tensor.shape)}, the model wants {list(own[name].shape)}",
                hint="start from a model of the same vocabulary and width",
            )
    model.load_state_dict(found, strict=False)
    return [name for name in own if name not in found]


def _read(folder: Path) -> dict[str, Tensor]:
    index = folder / "model.safetensors.index.json"
    if index.exists():
        shards = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    else:
        shards = ["model.safetensors"]
    weights: dict[str, Tensor] = {}
    for shard in shards:
        if not (folder / shard).exists():
            raise UsageError(f"{folder} has no {shard}", hint="save the model with save_pretrained (safetensors)")
        weights.update(safetensors.torch.load_file(folder / shard))
    return weights
