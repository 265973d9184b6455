"""Read the folder of a finished run: what it was made of, what it cost, how it learnt, how it was scored.

In: a folder of ``zhprep pretrain``, or one of ``zhprep run`` with such a folder in it. Out: :class:`ComparedRun`. Every
file that is read is held to the manifest first, so that figures that were edited are not compared.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zhprep.core.errors import DataError, UsageError
from zhprep.core.parsing import parse_json
from zhprep.core.seal import read_object
from zhprep.core.shape import fault
from zhprep.core.shards import PLAN, check_files, load_manifest
from zhprep.pretrain import folder

SCORES = "scores.json"
_READ = (PLAN, folder.REPORT, folder.LOG, SCORES)
_SPREAD = {"mean": float, "std": float, "values": [float]}
_TASK = {
    "kind": str,
    "metric": str,
    "baseline": {"*": float},
    "config": dict,
    "sha256": str,
    "dev_rows": int,
    "probe?": dict,
}
_FIGURES = dict.fromkeys(("loss?", "accuracy?", "bits_per_character?", "unigram_loss?"), float)
_OBJECTIVES = {"*": {"loss": float, "accuracy": float}}
_TEXT = {"text": {"sha256": str, "sentences": int}}
_MASKED = {**_FIGURES, "masked_tokens": int, "unknown_tokens": int}
_LIKELIHOOD = {"pseudo_perplexity?": float, "bits_per_character?": float, "tokens": int, "unknown_tokens": int}
_SCORES = {
    "intrinsic?": {"instances": int, **_FIGURES, "objectives?": _OBJECTIVES},
    "shared_masks?": {**_TEXT, "characters": _MASKED, "words": _MASKED},
    "pll?": {**_TEXT, **_LIKELIHOOD},
    "tasks?": {"*": _TASK},
}
_LINE = {"step": int, "loss?": {"*": float}, "held_out?": {"*": dict}, "tokens?": int, "seconds?": float}
_AGAIN = "score it again: zhprep evaluate"


@dataclasses.dataclass(frozen=True)
class Entrant:
    """What is compared: a run, and what only the caller may know: the ``variant`` it belongs to (found by its settings
    if empty), and the ``setting`` of the fine-tuning, as the names of tasks in ``scores.json`` end (None takes all)."""

    path: Path
    variant: str = ""
    setting: str | None = None


@dataclasses.dataclass(frozen=True)
class ComparedRun:
    """A finished run. ``plan``, ``report``, ``log``, ``intrinsic`` and ``tasks`` are what its files say, and so are
    ``shared_masks`` and ``pll``, its figures on sentences, empty where it has none; ``data`` is the manifest of its
    instances, None where they are gone or were made again; ``notes`` say what is missing. With a ``setting`` the way of
    fine-tuning is part of what is compared."""

    name: str
    path: Path
    variant: str
    plan: dict[str, Any]
    report: dict[str, Any]
    log: list[dict[str, Any]]
    intrinsic: dict[str, Any]
    tasks: dict[str, dict[str, Any]]
    data: dict[str, Any] | None
    notes: tuple[str, ...]
    setting: str | None = None
    shared_masks: dict[str, Any] = dataclasses.field(default_factory=dict)
    pll: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def seed(self) -> int:
        """The seed of the pretraining."""
        return int(self.plan["config"].get("seed", 0))

    @property
    def tuning(self) -> dict[str, Any]:
        """The settings of its fine-tuning, where they are part of what is compared."""
        first = next(iter(self.tasks.values()), None)
        return {} if self.setting is None or first is None else dict(first["config"])

    @property
    def masks(self) -> dict[str, Any]:
        """The settings of its instances, of the last phase if there are several."""
        masks = self.plan["masks"]
        return dict(masks[-1] if isinstance(masks, list) else masks)

    @property
    def made_with(self) -> dict[str, dict[str, Any]]:
        """The settings of the text and the words that its instances were made of, of what is known of them."""
        data = self.data or {}
        found = {name: data.get("config", {}).get(name, data.get(name)) for name in ("normalize", "segment", "pinyin")}
        return {name: settings for name, settings in found.items() if isinstance(settings, dict)}

    @property
    def data_folder(self) -> Path:
        """Where its instances are, or were."""
        return Path(self.report["data"])


def read_runs(entrants: Sequence[Entrant]) -> list[ComparedRun]:
    """Return the runs in the order given.

    Raises ``UsageError`` for what is no finished run, and for one that is named twice; ``DataError`` for one whose
    files are not as they were written.
    """
    if not entrants:
        raise UsageError("no run is named", hint="name the folders that zhprep pretrain made")
    paths = [_model_folder(entrant.path) for entrant in entrants]
    seen: dict[tuple[Path, str | None], Path] = {}
    for path, entrant in zip(paths, entrants, strict=True):
        key = (path.resolve(), entrant.setting)
        if key in seen:
            raise UsageError(f"{path}: is named twice", hint="name each run once")
        seen[key] = path
    names = _names([entrant.path.absolute() for entrant in entrants])
    return [_read(path, name, one) for path, name, one in zip(paths, names, entrants, strict=True)]


def _model_folder(path: Path) -> Path:
    """Return the folder of the model: that in ``path`` where ``zhprep run`` made it."""
    inner = path / "run"
    return inner if not (path / PLAN).exists() and (inner / PLAN).exists() else path


def _names(paths: Sequence[Path]) -> list[str]:
    """Return the shortest ends of ``paths`` that tell them apart, without what all of them end with."""
    parts = [list(path.parts) for path in paths]
    while len(paths) > 1 and len({tuple(one[-1:]) for one in parts}) == 1 and min(map(len, parts)) > 1:
        parts = [one[:-1] for one in parts]
    depth = 1
    distinct = len({tuple(one) for one in parts})
    while len({tuple(one[-depth:]) for one in parts}) < distinct:
        depth += 1
    return [readable("/".join(one[-depth:])) for one in parts]


def readable(name: object) -> str:
    """Return a path as text that can be written, whatever its bytes."""
    return os.fsencode(str(name)).decode("utf-8", "replace")


def _read(path: Path, name: str, entrant: Entrant) -> ComparedRun:
    if not path.is_dir():
        raise UsageError(f"{path}: is not a folder", hint="name the folder of a run")
    manifest = load_manifest(path) if folder.is_finished(path) else {"table": "run"}
    if manifest["table"] != "run":
        what = f"holds a table of {manifest['table']}, not a run"
        raise UsageError(f"{path}: {what}", hint="name a folder that zhprep pretrain made")
    check_files(path, manifest, _READ, hint="figures that were changed are not compared; copy the run again")
    plan = folder.read_plan(path)
    report = folder.read_report(path)
    notes, log = _log(path, manifest)
    scores = read_object(path / SCORES, _SCORES) if (path / SCORES).exists() else {}
    if scores and SCORES not in manifest["files"]:
        raise DataError(f"{path / SCORES}: is not in the manifest of the run", hint=f"{_AGAIN} {path}")
    if not scores:
        notes.append(f"{name}: has no scores yet (zhprep evaluate {path})")
    data, missing = _data(plan, report)
    notes = [readable(note) for note in (*notes, *([f"{name}: {missing}"] if missing else []))]
    tasks = _tasks(path, scores.get("tasks", {}), entrant.setting)
    intrinsic = scores.get("intrinsic", {})
    name += entrant.setting or ""
    return ComparedRun(
        name, path, entrant.variant, plan, report, log, intrinsic, tasks, data, tuple(notes), entrant.setting,
        scores.get("shared_masks", {}), scores.get("pll", {}),
    )  # fmt: skip


def _log(path: Path, manifest: dict[str, Any]) -> tuple[list[str], list[dict[str, Any]]]:
    """Return notes on the log, and its lines."""
    file = path / folder.LOG
    if not file.exists():
        return [f"{path}: has no {folder.LOG}, so no learning curve"], []
    lines = []
    for number, line in enumerate(file.read_text("utf-8", errors="replace").splitlines(), 1):
        try:
            value = parse_json(line.encode())
            if wrong := fault(value, _LINE):
                raise ValueError(wrong)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{file}, line {number}: is damaged: {error}", hint="copy the run again") from error
        lines.append(value)
    if folder.LOG not in manifest["files"]:
        return [f"{path}: an older zhprep made it; its log is not in its manifest"], lines
    return [], lines


def _data(plan: dict[str, Any], report: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
    """Return the manifest of the instances that a run was trained on, or why there is none."""
    data = Path(report["data"])
    trained_on = plan["data"][-1] if isinstance(plan["data"], list) else plan["data"]
    if not data.exists():
        return None, f"its instances are no longer at {data}, so their figures are not shown"
    try:
        manifest = load_manifest(data)
    except DataError as error:
        return None, f"the figures of its instances cannot be read: {error}"
    if manifest["content_sha256"] != trained_on:
        return None, f"the instances at {data} are others than it was trained on, so their figures are not shown"
    return manifest, ""


def _tasks(path: Path, tasks: dict[str, Any], setting: str | None) -> dict[str, dict[str, Any]]:
    """Return the tasks, or those with ``setting`` without it in their names."""
    for name, task in tasks.items():
        metric = task["metric"]
        try:
            spread = {key: task[metric][key] for key in _SPREAD}
            task["baseline"][metric] + sum(spread["values"])
        except (KeyError, TypeError) as error:
            raise DataError(f"{path / SCORES}: {name} has no values of {metric}", hint=f"{_AGAIN} {path}") from error
    if setting is None:
        return dict(tasks)
    plain = {name.removesuffix(setting): task for name, task in tasks.items() if name.endswith(setting)}
    return {name: task for name, task in plain.items() if not name.endswith(")")}
