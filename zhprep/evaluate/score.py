"""Fine-tune with every seed and say how good it came out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zhprep.core.progress import NO_PROGRESS, Progress
from zhprep.engine.distribution import World
from zhprep.engine.log import Meter
from zhprep.evaluate.config import EvaluateConfig
from zhprep.evaluate.finetune import FineTuner
from zhprep.evaluate.heads import TaskModel
from zhprep.evaluate.scores import spread
from zhprep.evaluate.task import Task

Scores = dict[str, float]


@dataclasses.dataclass(frozen=True)
class Transfer:
    """What is trained on besides the task: ``first`` a task before it (two stages), ``beside`` tasks at the same
    time."""

    first: Task | None = None
    beside: tuple[Task, ...] = ()

    def facts(self) -> dict[str, Any]:
        """Return the names and hashes of the tasks, nothing where there are none."""
        found: dict[str, Any] = {}
        if self.first is not None:
            found["intermediate"] = {self.first.name: self.first.sha256}
        if self.beside:
            found["with"] = {task.name: task.sha256 for task in self.beside}
        return found


ALONE = Transfer()
"""Nothing but the task."""


def tuner_for(
    folder: Path, task: Task, config: EvaluateConfig, world: World, transfer: Transfer, progress: Progress = NO_PROGRESS
) -> FineTuner:
    """Return what fine-tunes on ``task``, after the intermediate one (all weights, with the same seeds) if any."""
    tuner = FineTuner(folder, [task, *transfer.beside], config, world)
    if transfer.first is not None:
        plain = dataclasses.replace(
            config, tune="full", layers="top", keep="last", ensemble=0, distill=False, probe=False
        )
        before = FineTuner(folder, [transfer.first], plain, world)
        meter = meter_of(before, progress)
        tuner.begins = {seed: before.run(seed, meter).body.state_dict() for seed in config.seeds}
        meter.end()
    return tuner


def meter_of(tuner: FineTuner, progress: Progress) -> Meter:
    """Return a meter of the steps of all seeds."""
    return Meter(progress, 0, tuner.steps_per_epoch * tuner.config.epochs * len(tuner.config.seeds))


def score_task(
    folder: Path,
    task: Task,
    config: EvaluateConfig,
    world: World,
    progress: Progress = NO_PROGRESS,
    transfer: Transfer = ALONE,
) -> dict[str, Any]:
    """Fine-tune the model in ``folder`` on ``task`` once for each seed and return its scores on dev, and on test where
    that has gold labels.

    The scores are those after the last step, so that dev chooses nothing, unless ``config.keep`` says so.
    """
    tuner = tuner_for(folder, task, config, world, transfer, progress)
    meter = meter_of(tuner, progress)
    parts = ["dev", "test"] if task.is_test_labelled else ["dev"]
    found: list[dict[str, dict[str, Scores]]] = []
    layers: list[Any] = []
    weights: dict[str, int] = {}
    for seed in config.seeds:
        model = tuner.run(seed, meter)
        found.append({part: {head: tuner.scores(model, part, head) for head in _heads(model)} for part in parts})
        layers.append(model.layer_weights().get("0", {}))
        weights = weights or _weights(tuner, seed)
    meter.end()
    heads = list(found[0]["dev"])
    scores: dict[str, Any] = spread_of([one["dev"][heads[-1]] for one in found])
    if "test" in parts:
        scores["test"] = spread_of([one["test"][heads[-1]] for one in found])
    if config.probe:
        scores["probe"] = {f"layer_{head}": spread_of([one["dev"][head] for one in found]) for head in heads}
    if any(layers):
        scores["layer_weights"] = layers
    return {**facts_of(task), **scores, **weights, **transfer.facts(), "seeds": list(config.seeds)}


def spread_of(scores: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """Return mean, deviation, best and values of each score over the seeds."""
    return {name: spread([one[name] for one in scores]) for name in scores[0]}


def _heads(model: TaskModel) -> list[str]:
    """Return the heads of the task that is scored: one, or with a probe one for each depth."""
    return list(model.heads) if model.together else ["0"]


def _weights(tuner: FineTuner, seed: int) -> dict[str, int]:
    """Return how many weights there are and how many are trained."""
    model = tuner.model(seed)
    trained = tuner.tuning(model, seed).trained
    sizes = {name: weight.numel() for name, weight in model.named_parameters()}
    return {"weights": sum(sizes.values()), "trained_weights": sum(sizes[name] for name in trained)}


def facts_of(task: Task) -> dict[str, Any]:
    """Return what is known of a task before a model is: kind, metric, rows, and the scores of who has only counted."""
    said = task.kind.baseline(task.train, task.dev, task.labels)
    baseline = task.kind.scores(said, task.dev, task.labels)
    return {
        "kind": task.kind_name, "metric": task.kind.metric, "baseline": baseline,
        **({"classes": len(task.labels)} if task.kind.has_classes else {}),
        "train_rows": len(task.train), "dev_rows": len(task.dev), "test_rows": len(task.test),
        "left_out": task.left_out, **({"unreachable": task.unreachable} if task.unreachable else {}),
    }  # fmt: skip
