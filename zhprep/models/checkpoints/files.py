"""Saving and loading model folders.

What is saved as a family of transformers loads with its classes and gives equal logits; what transformers saved loads
here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from zhprep.core import config as settings
from zhprep.core.errors import DataError, UsageError
from zhprep.core.seal import read_object
from zhprep.core.shards.commit import committed
from zhprep.models.checkpoints import FORMATS, format_of
from zhprep.models.checkpoints.format import Format
from zhprep.models.checkpoints.names import from_format, named, theirs, to_format
from zhprep.models.checkpoints.weights import write_weights
from zhprep.models.config import ModelConfig
from zhprep.models.model import Model
from zhprep.models.recipe import modernised

_SHAPE = {"model_type?": str, "architectures?": [str], "zhprep?": dict}
CONFIG, WEIGHTS, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"


def check_format(model: Model, pad_id: int) -> None:
    """Raise ``UsageError`` when ``model``, of a vocabulary whose padding is ``pad_id``, cannot be saved in its format:
    told before it is trained, not after."""
    form = format_of(model.config)
    form.check(model.config, pad_id)
    for weight in model.state_dict():
        if not any(theirs(weight, part) for part in form.beside.values()):
            named(weight, form)


def save_model(model: Model, folder: Path, *, pad_id: int = 0) -> None:
    """Write ``config.json`` and ``model.safetensors`` into ``folder``, in the format of the model's config.

    Raises ``UsageError`` naming a weight that the format has no name for, and where the padding is another than the
    format takes it for; nothing is written then.
    """
    check_format(model, pad_id)
    form = format_of(model.config)
    weights = {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}
    values = settings.as_dict(model.config)
    ours = {"zhprep": {name: value for name, value in values.items() if name not in form.fields}}
    _save_part(weights, model.config, form, folder, {"pad_token_id": pad_id}, ours)
    for name, part in form.beside.items():
        _save_part(weights, part.config_in(model.config), part, folder / name, {"pad_token_id": pad_id}, {})


def _save_part(
    weights: Mapping[str, Tensor], config: ModelConfig, form: Format, folder: Path, *facts: Mapping[str, Any]
) -> None:
    """Write those of ``weights`` that ``form`` has names for, and its ``config.json`` with ``facts`` in it."""
    values = settings.as_dict(config)
    renamed = to_format({name: tensor for name, tensor in weights.items() if theirs(name, form)}, form)
    described = {
        "architectures": [form.architecture(config)],
        "model_type": form.model_type,
        **form.fixed,
        **facts[0],
        **{there: values[here] for here, there in form.fields.items()},
        **form.described(config),
        **facts[1],
    }
    folder.mkdir(parents=True, exist_ok=True)
    with committed(folder / CONFIG, replace=True) as file:
        file.write((json.dumps(described, indent=2) + "\n").encode())
    for name, text in form.code(config).items():
        with committed(folder / name, replace=True) as file:
            file.write(text)
    twice = {name: renamed[first].clone() for name, first in form.tied.items()}
    write_weights(renamed | twice | form.absent(config), folder / WEIGHTS, {"format": "pt"})


def read_config(folder: Path) -> ModelConfig:
    """Return the model config that ``folder/config.json`` describes.

    Raises ``UsageError`` when there is none, ``DataError`` when it is of no family that is known here.
    """
    described = _described(folder)
    form = _format_in(described, folder)
    values = {ours: described[theirs] for ours, theirs in form.fields.items() if theirs in described}
    ours = modernised(described.get("zhprep", {}))
    return settings.build(ModelConfig, {**form.config_of(described), **values, **ours}, where=str(folder / CONFIG))


def load_model(folder: Path) -> Model:
    """Return the model saved in ``folder``.

    Raises ``DataError`` when a weight is missing or of another shape.
    """
    model = Model(read_config(folder))
    missing = load_weights(model, folder)
    if missing:
        raise DataError(
            f"{folder}: no weights for {', '.join(missing[:3])}" + (" …" if len(missing) > 3 else ""),
            hint="its heads may be absent: `zhprep pretrain --initial` takes what is there and trains the rest",
        )
    return model


def load_weights(model: Model, folder: Path) -> list[str]:
    """Start ``model`` from the weights in ``folder`` and return the names of those it lacks, which stay as they are.

    A model of fewer layers takes the first ones, as RBT3 does. Released Chinese models often lack the heads. Raises
    ``DataError`` when a weight has another shape.
    """
    return load_found(model, weights_in(folder, model), folder)


def load_found(model: Model, found: Mapping[str, Tensor], folder: Path) -> list[str]:
    """Put the weights ``found`` in ``folder`` into ``model``; return the names of those that are not among them.

    Raises ``DataError`` when a weight has another shape.
    """
    own = model.state_dict()
    for name, tensor in found.items():
        if tensor.shape != own[name].shape:
            raise DataError(
                f"{folder}: {name} is {list(tensor.shape)}, the model wants {list(own[name].shape)}",
                hint="start from a model of the same widths, or train one from fresh weights",
            )
    model.load_state_dict(found, strict=False)
    return [name for name in own if name not in found]


def weights_in(folder: Path, model: Model) -> dict[str, Tensor]:
    """Return the weights in ``folder`` that ``model`` has too, under our names and as they are there."""
    own = model.state_dict()
    form, wanted = _format_in(_described(folder), folder), format_of(model.config)
    weights = _read(folder)
    found = from_format(weights, own, form)
    if wanted.model_type == form.model_type:  # the folder may hold more than its config.json says
        found = from_format(weights, own, wanted) | found
    for name, part in form.beside.items():
        if (folder / name).exists():
            found = from_format(_read(folder / name), own, part) | found
    return found


def _described(folder: Path) -> dict[str, Any]:
    try:
        return read_object(folder / CONFIG, _SHAPE)
    except FileNotFoundError:
        raise UsageError(f"{folder} is not a model folder: no config.json in it", hint="give a finished run") from None


def _format_in(described: Mapping[str, Any], folder: Path) -> Format:
    kind = described.get("model_type")
    of_kind = [form for form in FORMATS.values() if kind in (form.model_type, *form.also)]
    form = next((form for form in of_kind if form.holds(described) or _has(folder, form)), None)
    if form is None:
        known = ", ".join(dict.fromkeys(form.model_type for form in FORMATS.values()))
        raise DataError(f"{folder / CONFIG}: model_type is {kind!r}", hint=f"known ones are {known}")
    for name, value in form.required.items():
        if described.get(name) != value:
            raise DataError(
                f"{folder / CONFIG}: {name} is {described.get(name)!r}, not {value!r}",
                hint="models with other values cannot be computed here",
            )
    return form


def _has(folder: Path, form: Format) -> bool:
    """Return whether the folder has the weight that the format is known by."""
    names = (form.mark, form.mark.removeprefix(form.prefix))
    for shard in _shards(folder) if form.mark else ():
        try:
            with safetensors.safe_open(folder / shard, framework="pt") as file:
                if not set(names).isdisjoint(file.keys()):
                    return True
        except (OSError, SafetensorError):  # told where they are read
            continue
    return False


def _shards(folder: Path) -> list[str]:
    if not (folder / INDEX).exists():
        return [WEIGHTS]
    return sorted(set(read_object(folder / INDEX, {"weight_map": {"*": str}})["weight_map"].values()))


def _read(folder: Path) -> dict[str, Tensor]:
    weights: dict[str, Tensor] = {}
    for shard in _shards(folder):
        if not (folder / shard).exists():
            raise UsageError(f"{folder} has no {shard}", hint="save the model with save_pretrained (safetensors)")
        try:
            weights.update(safetensors.torch.load_file(folder / shard))
        except SafetensorError as error:
            hint = "take the file from where it is whole, or train the model again"
            raise DataError(f"{folder / shard}: is damaged: {error}", hint=hint) from error
    return weights
