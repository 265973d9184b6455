"""What of an experiment is done: read from its folder alone."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from zhprep.core.seal import read_object, read_sealed
from zhprep.core.shards import MANIFEST, PLAN
from zhprep.run.folders import read_plan
from zhprep.run.watching import run_status

EXPERIMENT, FAILED, SCORES = "experiment.json", "failed", "scores.json"
SHAPE = {
    "inputs": list, "tasks": dict, "budgets": dict,
    "runs": [{"name": str, "task": int, "variant": str, "size": str, "seed": int, "folder": str, "data": str}],
}  # fmt: skip


def is_done(folder: Path, model: str) -> bool:
    """Return whether the model of a run is trained."""
    return (folder / model / MANIFEST).exists()


def experiment_status(folder: Path) -> list[dict[str, Any]]:
    """Return of each run of the experiment in ``folder`` its name, which task of an array does it, where it is, what is
    done of its steps, which tasks are scored and, if it failed, why.

    Raises ``DataError`` for a folder whose ``experiment.json`` is not as it was written.
    """
    return [_status(folder, run) for run in read_sealed(folder / EXPERIMENT, SHAPE)["runs"]]


def _status(folder: Path, run: dict[str, Any]) -> dict[str, Any]:
    model, failed = folder / run["folder"], folder / FAILED / f"{run['name']}.json"
    begun: dict[str, Any] = {"steps": None, "done": 0, "finished": False}
    if (model / PLAN).exists():
        begun = run_status(model, read_plan(model), is_done(folder, run["folder"]))
    scores = read_object(model / SCORES) if (model / SCORES).exists() else {}
    why = {}
    with contextlib.suppress(FileNotFoundError):  # none, or it has just been mended
        why = {"failed": read_object(failed, {"error": str})["error"]}
    return {**run, **begun, "scored": "intrinsic" in scores, "tasks": sorted(scores.get("tasks", {})), **why}
