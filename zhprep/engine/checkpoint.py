"""Checkpoints: a folder ``step-N`` that is there whole or not at all, and belongs to one run.

It holds ``model.safetensors`` (our names), ``optimizer.safetensors``, ``state.json`` and, written last,
``MANIFEST.json``: the sha256 of each, the step, and the hash of the plan of the run. It is made under a
temporary name, synced and renamed. Data order, masks and dropout are functions of the step, so there is no other state.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from zhprep.core.corpus.inputs import file_sha256
from zhprep.core.errors import DataError
from zhprep.core.report import ACCOUNT
from zhprep.core.seal import json_bytes, read_object
from zhprep.core.shape import Shape
from zhprep.core.shards.commit import sync_folder, write_json
from zhprep.core.temporary import PREFIX, naming, temporary_folder
from zhprep.engine.distribution import World
from zhprep.engine.parallel import Parallel, whole_tensors
from zhprep.models.checkpoints.weights import write_weights

MODEL, OPTIMISER, STATE, MANIFEST = "model.safetensors", "optimizer.safetensors", "state.json", "MANIFEST.json"
FILES = (MODEL, OPTIMISER, STATE)
_ALONE = Parallel(World())
_HALF_WRITTEN = re.compile(rf"{re.escape(PREFIX)}step-\d+-.+|step-\d+\.tmp")
"""Names of checkpoints that are not whole; an older zhprep had the second."""


def plan_sha256(plan: dict[str, Any]) -> str:
    """Return the hash of what a run is made of, by which a checkpoint knows its run."""
    return hashlib.sha256(json.dumps(plan, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def save(
    run: Path,
    step: int,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    state: dict[str, Any],
    plan: dict[str, Any],
    part: Parallel = _ALONE,
) -> Path:
    """Write the checkpoint of ``step`` of the run that ``plan`` describes and return its folder.

    All processes have to ask, since each may have but a shard of the weights; one writes.
    """
    weights, moments = (whole_tensors(part, tensors) for tensors in (model.state_dict(), _flat(optimiser)))
    final = run / f"step-{step}"
    if not part.world.writes:
        return final
    if final.exists():
        shutil.rmtree(final)
    belongs = {"step": step, "plan": plan_sha256(plan)}
    with naming(final):
        with temporary_folder(final) as temporary:
            write_weights(weights, temporary / MODEL)
            write_weights(moments, temporary / OPTIMISER)
            write_json(temporary / STATE, {**state, **belongs})
            sums = {name: file_sha256(temporary / name) for name in FILES}
            write_json(temporary / MANIFEST, {**belongs, "files": sums})
            temporary.rename(final)
        sync_folder(run)
    return final


def checkpoints(run: Path) -> list[Path]:
    """Return the finished checkpoints in ``run``, oldest first."""
    found = [(int(match[1]), path) for path in run.glob("step-*") if (match := re.fullmatch(r"step-(\d+)", path.name))]
    return [path for _, path in sorted(found)]


def restore(
    folder: Path,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    plan: dict[str, Any],
    part: Parallel = _ALONE,
) -> dict[str, Any]:
    """Put ``model`` and ``optimiser`` back to how they were and return the state.

    Raises ``DataError`` when a file is not what was written, when the folder is not the checkpoint of its step of the
    run that ``plan`` describes, or holds a model of another shape.
    """
    manifest = _belonging(folder, plan)
    for name in FILES:
        if not (folder / name).is_file() or file_sha256(folder / name) != manifest["files"].get(name):
            raise _unusable(folder, f"{name} is damaged")
    state = _read_json(folder / STATE, folder, {"account?": ACCOUNT})
    if any(state.get(name) != manifest[name] for name in ("step", "plan")):
        raise _unusable(folder, f"{STATE} is of another checkpoint")
    try:
        found, own = safetensors.torch.load_file(folder / MODEL), model.state_dict()
        model.load_state_dict({name: part.laid_out(whole, own.get(name, whole)) for name, whole in found.items()})
        _fill(optimiser, safetensors.torch.load_file(folder / OPTIMISER), part)
    except (SafetensorError, RuntimeError, ValueError, KeyError) as error:
        raise _unusable(folder, f"holds another model or optimiser: {str(error).splitlines()[-1].strip()}") from error
    return state


def prune(run: Path, keep: int) -> None:
    """Remove all but the newest ``keep`` checkpoints."""
    for folder in checkpoints(run)[:-keep]:
        shutil.rmtree(folder)


def remove_half_written(run: Path) -> None:
    """Remove what was to become checkpoints, of processes of any machine: nobody may be writing one in ``run``."""
    for folder in run.iterdir():
        if _HALF_WRITTEN.fullmatch(folder.name):
            shutil.rmtree(folder)


def _belonging(folder: Path, plan: dict[str, Any]) -> dict[str, Any]:
    """Return the manifest of ``folder`` if it says that this is the step of its name, of the run of ``plan``."""
    manifest = _read_json(folder / MANIFEST, folder, {"files": {"*": str}})
    if manifest.get("plan") != plan_sha256(plan):
        raise _unusable(folder, "is not a checkpoint of this run")
    if (folder / MANIFEST).read_bytes() != json_bytes(manifest):
        raise _unusable(folder, f"{MANIFEST} is not as it was written")
    if folder.name != f"step-{manifest.get('step')}":
        raise _unusable(folder, f"is the checkpoint of step {manifest.get('step')}")
    return manifest


def _read_json(path: Path, folder: Path, shape: Shape) -> dict[str, Any]:
    try:
        return read_object(path, shape)
    except OSError as error:
        raise _unusable(folder, f"{path.name} cannot be read: {error.strerror}") from error
    except DataError as error:
        raise _unusable(folder, str(error).removeprefix(f"{path}: ").replace("is", f"{path.name} is", 1)) from error


def _unusable(folder: Path, why: str) -> DataError:
    return DataError(f"{folder}: {why}", hint="remove this folder to go on from the checkpoint before it")


def _flat(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    state = optimiser.state_dict()["state"]
    return {f"{index}.{name}": tensor for index, slots in state.items() for name, tensor in slots.items()}


def _fill(optimiser: torch.optim.Optimizer, flat: dict[str, Tensor], part: Parallel) -> None:
    weights = [weight for group in optimiser.param_groups for weight in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in flat.items():
        index, _, name = key.partition(".")
        if tensor.ndim and tensor.shape != weights[int(index)].shape:
            raise ValueError(f"{key} is {list(tensor.shape)}, not {list(weights[int(index)].shape)}")
        state.setdefault(int(index), {})[name] = part.laid_out(tensor, weights[int(index)])
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
