"""Checkpoints: a folder ``step-N`` that is there whole or not at all.

It holds ``model.safetensors`` (our names), ``optimizer.safetensors``, ``state.json`` and, written last,
``MANIFEST.json`` with the sha256 of each. It is made as ``step-N.tmp``, synced and renamed. Data order, masks and
dropout are functions of the step, so there is no other state.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from zhprep.core.errors import DataError

MODEL, OPTIMISER, STATE, MANIFEST = "model.safetensors", "optimizer.safetensors", "state.json", "MANIFEST.json"


def save(run: Path, step: int, model: nn.Module, optimiser: torch.optim.Optimizer, state: dict[str, Any]) -> Path:
    """Write the checkpoint of ``step`` and return its folder."""
    final = run / f"step-{step}"
    temporary = run / f"step-{step}.tmp"
    for stale in (temporary, final):
        if stale.exists():
            shutil.rmtree(stale)
    temporary.mkdir()
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    safetensors.torch.save_file(weights, temporary / MODEL)
    safetensors.torch.save_file(_flat(optimiser), temporary / OPTIMISER)
    _write_json(temporary / STATE, {**state, "step": step})
    sums = {path.name: sha256(path) for path in sorted(temporary.iterdir())}
    _write_json(temporary / MANIFEST, sums)
    for path in (*temporary.iterdir(), temporary):
        _sync(path)
    temporary.rename(final)
    _sync(run)
    return final


def checkpoints(run: Path) -> list[Path]:
    """Return the finished checkpoints in ``run``, oldest first."""
    found = [(int(match[1]), path) for path in run.glob("step-*") if (match := re.fullmatch(r"step-(\d+)", path.name))]
    return [path for _, path in sorted(found)]


def restore(folder: Path, model: nn.Module, optimiser: torch.optim.Optimizer) -> dict[str, Any]:
    """Put ``model`` and ``optimiser`` back to how they were and return the state.

    Raises ``DataError`` when a file is not what was written.
    """
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    for name, expected in manifest.items():
        path = folder / name
        if not path.exists() or sha256(path) != expected:
            raise DataError(f"{path} is damaged", hint=f"remove {folder} to resume from the checkpoint before it")
    model.load_state_dict(safetensors.torch.load_file(folder / MODEL))
    _fill(optimiser, safetensors.torch.load_file(folder / OPTIMISER))
    state: dict[str, Any] = json.loads((folder / STATE).read_text(encoding="utf-8"))
    return state


def prune(run: Path, keep: int) -> None:
    """Remove all but the newest ``keep`` checkpoints, and unfinished ones."""
    for folder in [*checkpoints(run)[:-keep], *run.glob("step-*.tmp")]:
        shutil.rmtree(folder)


def sha256(path: Path) -> str:
    """Return the sha256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flat(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    state = optimiser.state_dict()["state"]
    return {f"{index}.{name}": tensor.cpu() for index, slots in state.items() for name, tensor in slots.items()}


def _fill(optimiser: torch.optim.Optimizer, flat: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in flat.items():
        index, _, name = key.partition(".")
        state.setdefault(int(index), {})[name] = tensor
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
