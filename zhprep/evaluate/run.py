"""Evaluate a run: intrinsic figures, task scores, and ``scores.json`` beside the model."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from zhprep.core import config as settings
from zhprep.core.errors import DataError, UsageError
from zhprep.core.progress import Progress
from zhprep.core.report import Report
from zhprep.core.shards import PLAN, check_covered, write_json
from zhprep.engine.distribution import joined
from zhprep.engine.log import QUIET
from zhprep.evaluate.config import EvaluateConfig
from zhprep.evaluate.finetune import score_task
from zhprep.evaluate.intrinsic import intrinsic
from zhprep.evaluate.tasks import files_sha256, read_task
from zhprep.pretrain import folder
from zhprep.pretrain.config import PretrainConfig

SCORES = "scores.json"


def evaluate(
    run: Path, config: EvaluateConfig, *, data: Path | None = None, tasks: Sequence[Path] = (),
    progress: Callable[[str], Progress] = Progress,
) -> Report:  # fmt: skip
    """Return the scores of the model in ``run`` and add them to its ``scores.json``.

    Intrinsic figures are taken on the held-out part of ``data``, by default the instances that the run was trained on;
    a model folder that is not a run of ours has none unless ``data`` is given. Each of ``tasks`` is fine-tuned on.
    Raises ``UsageError`` or ``DataError`` for what is missing or does not fit.
    """
    if config.threads:
        torch.set_num_threads(config.threads)
    if not (run / "config.json").exists():
        what = "is unfinished" if (run / PLAN).exists() else "holds no model (no config.json)"
        raise DataError(f"{run}: {what}", hint="give the folder that zhprep pretrain made")
    check_covered(run, (*folder.MODEL, PLAN))
    known = [read_task(task) for task in tasks]  # what is wrong with a task is told before anything is computed
    source = data or _trained_on(run)
    if source is None and not tasks:
        raise UsageError(f"{run}: there is nothing to evaluate it on", hint="give a --task, or instances with --data")
    scores = _read(run)
    with joined() as world:
        if source is not None:
            scores["intrinsic"] = intrinsic(run, source, _share(run), world)
        for task in known:
            shown = progress(f"evaluate {task.name}") if world.writes else QUIET
            found = score_task(run, task, config, world, shown)
            facts = {"config": settings.as_dict(config), "sha256": task.sha256}
            scores.setdefault("tasks", {})[task.name] = {**found, **facts}
    write_json(run / SCORES, scores, replace=True)
    folder.seal(run, SCORES)
    return Report(output=str(run / SCORES), scores=scores)


def unscored(run: Path, tasks: Sequence[Path], config: EvaluateConfig) -> list[Path]:
    """Return those of ``tasks`` for which ``run`` has no score under these settings."""
    there = _read(run).get("tasks", {})
    wanted = settings.as_dict(config)
    return [
        task
        for task in tasks
        if (found := there.get(task.name)) is None or (found["config"], found["sha256"]) != (wanted, files_sha256(task))
    ]


def _trained_on(run: Path) -> Path | None:
    if not (run / PLAN).exists():
        return None
    folder.read_plan(run)  # refuses a run that is not finished
    data = Path(folder.read_report(run)["data"])
    if not data.exists():
        raise UsageError(f"{run}: the data it was trained on are no longer at {data}", hint="say where with --data")
    return data


def _share(run: Path) -> float:
    if not folder.is_finished(run):
        return PretrainConfig().validation
    return float(folder.read_plan(run)["config"]["validation"])


def _read(run: Path) -> dict[str, Any]:
    if not (run / SCORES).exists():
        return {}
    scores: dict[str, Any] = json.loads((run / SCORES).read_text(encoding="utf-8"))
    return scores
