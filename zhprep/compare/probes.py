"""The scores of layers that ``evaluate --probe`` adds to a run, as lines to draw."""

from __future__ import annotations

from typing import Any, NamedTuple

from zhprep.compare.plots import Points
from zhprep.compare.runs import ComparedRun
from zhprep.core.errors import DataError
from zhprep.core.shape import fault

_PREFIX, _SETTING = "layer_", " (probe=True)"


class Probe(NamedTuple):
    """The mean score of a task over the seeds by layer, ``points`` (depth, score), in its ``metric``."""

    metric: str
    baseline: float
    points: Points


def probes(run: ComparedRun) -> dict[str, Probe]:
    """Return what layers of ``run`` score on each task that was probed, by its name.

    Raises ``DataError`` where the scores of a layer are none.
    """
    return {
        name.removesuffix(_SETTING): _read(run, name, task) for name, task in run.tasks.items() if task.get("probe")
    }


def _read(run: ComparedRun, name: str, task: dict[str, Any]) -> Probe:
    metric, layers = task["metric"], task["probe"]
    depths = {f"{_PREFIX}{depth}": {metric: {"mean": float}} for depth in range(len(layers))}
    if wrong := fault(layers, depths):
        raise DataError(
            f"{run.path}: the layers of {name} are damaged: {wrong}", hint="probe it again: evaluate --probe"
        )
    points = [(float(depth), float(layers[layer][metric]["mean"])) for depth, layer in enumerate(depths)]
    return Probe(metric, float(task["baseline"][metric]), points)
