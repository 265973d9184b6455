"""The scores of layers that ``evaluate --probe`` adds to a run, as lines to draw, and the page of one run's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from zhprep.compare.page import Page, figure
from zhprep.compare.plots import HALF, Points, curve_chart
from zhprep.compare.runs import ComparedRun
from zhprep.core.errors import DataError
from zhprep.core.shape import fault
from zhprep.core.shards import committed, remove_leftovers
from zhprep.pretrain.folder import LAYERS

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
    return probes_in(run.tasks, str(run.path))


def probes_in(tasks: Mapping[str, Any], where: str) -> dict[str, Probe]:
    """Return the same of the scores of ``tasks`` as ``scores.json`` has them; ``where`` is said in errors."""
    return {name.removesuffix(_SETTING): _read(where, name, task) for name, task in tasks.items() if task.get("probe")}


def layer_figure(name: str, found: Mapping[str, Sequence[Probe]]) -> str:
    """Return a figure of the scores of the task ``name`` by layer, a line for each of the probes ``found`` in the
    colour of what it is of, beside the baseline."""
    first = next(one for several in found.values() for one in several)
    series = {whose: [one.points for one in several] for whose, several in found.items()}
    levels = {"baseline": first.baseline}
    plot = curve_chart(series, x_label="layer", y_label=first.metric, levels=levels, width=HALF)
    return figure(plot, f"{name}, {first.metric.replace('_', ' ')} by layer")


WHAT = (
    "Each layer of the frozen model read by a head of its own (evaluate --probe): layer 0 is the embeddings. "
    "Dashed: the baseline of the task."
)


def write_layers(run: Path, tasks: Mapping[str, Any]) -> Path:
    """Write what the layers of ``run`` score on ``tasks`` that were probed as a page beside its scores; return it."""
    name = run.absolute().name
    page = Page(f"What is learnt where: {name}", WHAT)
    page.beside(*(layer_figure(task, {name: [probe]}) for task, probe in probes_in(tasks, str(run)).items()))
    file = run / LAYERS
    remove_leftovers(run, of=LAYERS)
    with committed(file, replace=True) as out:
        out.write(page.render().encode())
    return file


def _read(where: str, name: str, task: dict[str, Any]) -> Probe:
    metric, layers = task["metric"], task["probe"]
    depths = {f"{_PREFIX}{depth}": {metric: {"mean": float}} for depth in range(len(layers))}
    if wrong := fault(layers, depths):
        raise DataError(f"{where}: the layers of {name} are damaged: {wrong}", hint="probe it again: evaluate --probe")
    points = [(float(depth), float(layers[layer][metric]["mean"])) for depth, layer in enumerate(depths)]
    return Probe(metric, float(task["baseline"][metric]), points)
