"""What an experiment found so far: mean and deviation over the seeds, of each variant at each size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from zhprep.core.seal import read_object
from zhprep.core.shards import MANIFEST, holds_rows, read_json
from zhprep.evaluate.config import EvaluateConfig
from zhprep.experiment.grid import GridRun
from zhprep.experiment.status import SCORES, is_done
from zhprep.instances import HELD_OUT
from zhprep.run.held_out import NONE_HELD_OUT

UNEQUAL = 0.02
"""Share by which the tokens that runs were trained on may differ: their instances are drawn, not chosen by length."""
INTRINSIC = ("loss", "accuracy", "bits_per_character")


def summary(cells: Sequence[GridRun], groups: Sequence[Sequence[GridRun]]) -> dict[str, Any]:
    """Return how many runs are done and, of each variant at each size, the scores of those that are."""
    from zhprep.evaluate.scores import spread

    models = {cell.name: group[0].base.model for group in groups for cell in group}
    found: dict[str, list[dict[str, float]]] = {}
    for cell in cells:
        folder = cell.site.folder / models[cell.name]
        if is_done(cell.site.folder, models[cell.name]) and (folder / SCORES).exists():
            scores = dict(_scores(cell, read_object(folder / SCORES)))
            found.setdefault(f"{cell.variant} {cell.size}", []).append(scores)
    results = {name: {metric: spread(values) for metric, values in _by_metric(runs)} for name, runs in found.items()}
    return {"runs": len(cells), "runs_done": sum(map(len, found.values())), "results": results}


def _by_metric(runs: Sequence[dict[str, float]]) -> Iterator[tuple[str, list[float]]]:
    """Yield each metric that all runs have, and its values."""
    for metric in runs[0]:
        if all(metric in one for one in runs):
            yield metric, [one[metric] for one in runs]


def _scores(cell: GridRun, scores: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield the figures of a run: held-out ones, those under shared masks, and the metric of each task as the cell's
    settings have it."""
    from zhprep.evaluate.run import setting_of

    intrinsic = scores.get("intrinsic", {})
    yield from ((name, intrinsic[name]) for name in INTRINSIC if name in intrinsic)
    for mask in ("characters", "words"):
        hidden = scores.get("shared_masks", {}).get(mask, {})
        yield from ((f"hidden_{mask}_{name}", hidden[name]) for name in INTRINSIC if name in hidden)
    setting = setting_of(cell.base.config(EvaluateConfig, "evaluate"))
    for name, task in scores.get("tasks", {}).items():
        if name.endswith(setting) and name.removesuffix(setting).count("(") == 0:
            yield name.removesuffix(setting), task[task["metric"]]["mean"]


def notes_of(cells: Sequence[GridRun]) -> list[str]:
    """Return a note where the runs that are done were not trained on as many tokens as the plan says, and one where no
    document is held out for models that tell hidden tokens."""
    held_out, tokens = cells[0].site.folder / HELD_OUT, dict[str, dict[str, int]]()
    files = [cell.base.model_folder / SCORES for cell in cells]
    masked = any("masked_tokens" in read_object(file).get("intrinsic", {}) for file in files if file.exists())
    none = [NONE_HELD_OUT] if masked and (held_out / MANIFEST).exists() and not holds_rows(held_out) else []
    for cell in cells:
        report = cell.base.model_folder / "report.json"
        if cell.plan.budget(cell.size).equal == "tokens" and report.exists():
            tokens.setdefault(cell.size, {})[cell.name] = read_json(report)["tokens"]
    ends = [[extreme((n, name) for name, n in seen.items()) for extreme in (min, max)] for seen in tokens.values()]
    return none + [
        f"{few} was trained on {least:,} tokens, {many} on {most:,}: more than {UNEQUAL:.0%} apart"
        for (least, few), (most, many) in ends
        if most > (1 + UNEQUAL) * least
    ]
