"""The folder of a run: what it was begun with, and what makes it finished.

plan.json         written first: of what the run is made; a run of anything else is refused
step-N/           checkpoints
log.jsonl         a line every few steps
config.json  model.safetensors  tokenizer files      the model, as transformers loads it
coarse-vocab/     the second tokenizer of a model of two granularities
segmenter/        a user's lists of words that the segmenter of its texts read
report.json       what the command reports
scores.json       what `evaluate` adds, and with --pll
pll.jsonl         the pseudo-log-likelihood of sentences
layers.html       with --probe, the scores of layers drawn
manifest.json     written last: a folder without one is unfinished. It has the hash of each file that another command
                  reads, which is all of the above but the checkpoints
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from zhprep.core import config as settings
from zhprep.core.errors import UsageError
from zhprep.core.installed import version_of
from zhprep.core.report import REPORT as REPORTED
from zhprep.core.seal import SEAL, read_object, read_sealed, sealed
from zhprep.core.shards import (
    MANIFEST,
    PLAN,
    add_files,
    committed,
    facts_of_files,
    remove_leftovers,
    write_json,
    write_manifest,
)
from zhprep.core.temporary import PREFIX
from zhprep.instances import COARSE_VOCABULARY
from zhprep.pretrain.config import PretrainConfig
from zhprep.pretrain.words import FILES, SEGMENTER

LOG, REPORT, LAYERS = "log.jsonl", "report.json", "layers.html"
CODE = ("configuration_zhprep.py", "embeddings_zhprep.py", "layers_zhprep.py", "modeling_zhprep.py")
MODEL = ("config.json", "model.safetensors", *CODE)
TOKENIZER = (
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "vocab.json", "merges.txt",
)  # fmt: skip
TAKEN = "taken_before"
"""What a plan has where phases share data: how many instances were taken before each. An older zhprep began each phase
at the first row, and did not say so."""
PATIENCE = 90.0
"""Seconds for which a file of another machine is waited for: file systems show what they remember for one minute."""

_PLAN = {"config": {"steps": int, "validation": float}, "model": dict, "vocabulary": str}
_DEPENDENCIES = ("torch", "numpy", "pyarrow", "safetensors")


def begin(run: Path, plan: dict[str, Any], *, overwrite: bool) -> None:
    """Make ``run`` ready for the run that ``plan`` describes, or find it begun by the same.

    Raises ``UsageError`` when something else is there. ``overwrite`` removes what zhprep wrote and nothing else.
    """
    run.mkdir(parents=True, exist_ok=True)
    remove_leftovers(run)  # of a process that was killed at its first write there is nothing else
    begun = (run / PLAN).exists()
    if not begun and any(not path.name.startswith(PREFIX) for path in run.iterdir()):
        raise UsageError(f"{run}: is not empty and was not made by zhprep", hint="name another folder")
    if begun and not overwrite:
        return check_same(run, plan)
    _clear(run)
    write_json(run / PLAN, sealed(plan))


def is_finished(run: Path) -> bool:
    """Return whether the run in this folder came to its end."""
    return (run / MANIFEST).exists()


def begun_with(run: Path) -> dict[str, Any]:
    """Return the plan of a run, finished or not.

    Raises ``DataError`` when it is not as it was written.
    """
    plan = read_sealed(run / PLAN, _PLAN, hint="begin the run again with --overwrite")
    plan.pop(SEAL, None)
    return plan


def read_plan(run: Path) -> dict[str, Any]:
    """Return of what the run was made.

    Raises ``UsageError`` when ``run`` is not a finished run.
    """
    if not is_finished(run):
        what = "is unfinished" if (run / PLAN).exists() else "is not a run of zhprep"
        hint = "`zhprep pretrain` makes one, and goes on where it stopped; those of an experiment are in its runs/"
        raise UsageError(f"{run}: {what}", hint=hint)
    return begun_with(run)


def read_report(run: Path) -> dict[str, Any]:
    """Return what a finished run reported."""
    return read_object(run / REPORT, {**REPORTED, "data": str})


def finish(run: Path, plan: dict[str, Any], report: dict[str, Any]) -> None:
    """Write the report and, last, the manifest."""
    write_json(run / REPORT, report, replace=True)
    coarse = [f"{COARSE_VOCABULARY}/{name}" for name in TOKENIZER]
    files = facts_of_files(run, (*MODEL, *TOKENIZER, *coarse, *FILES, PLAN, LOG, REPORT))
    manifest = {
        "table": "run",
        "version": 1,
        "plan": plan,
        "dependencies": {name: version_of(name) for name in _DEPENDENCIES},
        "files": files,
        "content_sha256": files["model.safetensors"]["sha256"],
    }
    write_manifest(run, manifest)


def seal(run: Path, *names: str) -> None:
    """Put files that were added to a finished run into its manifest; an unfinished run, or a model folder that is not
    one, has none."""
    if is_finished(run):
        add_files(run, names)


def copy_tokenizer(vocabulary: Path, run: Path) -> None:
    """Copy the tokenizer files that ``vocabulary`` has, byte by byte."""
    run.mkdir(exist_ok=True)
    for name in TOKENIZER:
        if (vocabulary / name).exists():
            with committed(run / name, replace=True) as file:
                file.write((vocabulary / name).read_bytes())


def missing(path: Path) -> UsageError | None:
    """Wait until ``path``, which the first process has, is there: machines that share a file system may see it later.

    Return the error that says so if it is not after ``PATIENCE``.
    """
    until = time.monotonic() + PATIENCE
    while not path.exists():
        if time.monotonic() > until:
            return UsageError(
                f"{path}: is not here after {PATIENCE:.0f} seconds, and the first process has it",
                hint="give all processes one RUN, in a folder that all machines share",
            )
        time.sleep(0.1)
    return None


def difference(there: dict[str, Any], plan: dict[str, Any]) -> tuple[str, Any, Any] | None:
    """Return what differs first between two plans, and what it is in each; None when they are the same."""
    for part in sorted(there.keys() | plan.keys()):
        before, now, what = there.get(part), plan.get(part), part
        if isinstance(before, dict) and isinstance(now, dict):
            differing = (name for name in sorted(before.keys() | now.keys()) if before.get(name) != now.get(name))
            name = next(differing, part)
            before, now, what = before.get(name), now.get(name), f"another {part} ({name})"
        if before != now:
            return what, before, now
    return None


def check_same(run: Path, plan: dict[str, Any]) -> None:
    """Raise ``UsageError`` when the run in this folder is not that of ``plan``; nothing is written."""
    there, again = begun_with(run), "name another folder, or begin it again with --overwrite"
    since = {name: value for name, value in settings.as_dict(PretrainConfig()).items() if name in plan["config"]}
    there = {**there, "config": {**since, **there.get("config", {})}}  # settings that an older zhprep did not have
    if is_finished(run) and TAKEN in plan:
        there.setdefault(TAKEN, plan[TAKEN])  # what it was trained on is done, by the rule of then
    if found := difference(there, plan):
        what, before, now = found
        if (what, before) == (TAKEN, None):
            older = "was begun by an older zhprep, which began each phase at the first row"
            raise UsageError(f"{run}: {older}", hint=again)
        raise UsageError(f"{run}: was begun with {what}: {before!r}, now {now!r}", hint=again)


def _clear(run: Path) -> None:
    for folder in (*run.glob("step-*"), run / COARSE_VOCABULARY, run / SEGMENTER):
        shutil.rmtree(folder, ignore_errors=True)
    for name in (MANIFEST, REPORT, LOG, "scores.json", "pll.jsonl", LAYERS, *MODEL, *TOKENIZER, PLAN):
        (run / name).unlink(missing_ok=True)
