"""The folder of a run: what it was begun with, and what makes it finished.

plan.json         written first: of what the run is made; a run of anything else is refused
step-N/           checkpoints
log.jsonl         a line every few steps
config.json  model.safetensors  tokenizer files      the model, as transformers loads it
report.json       what the command reports
manifest.json     written last: a folder without one is unfinished
"""

from __future__ import annotations

import importlib.metadata
import json
import shutil
from pathlib import Path
from typing import Any

from zhprep.core.errors import UsageError
from zhprep.core.shards.commit import write_json
from zhprep.pretrain import checkpoint

PLAN, LOG, REPORT, MANIFEST = "plan.json", "log.jsonl", "report.json", "manifest.json"
MODEL = ("config.json", "model.safetensors")
TOKENIZER = (
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "vocab.json", "merges.txt",
)  # fmt: skip
_DEPENDENCIES = ("torch", "numpy", "pyarrow", "safetensors")


def begin(run: Path, plan: dict[str, Any], *, overwrite: bool) -> None:
    """Make ``run`` ready for the run that ``plan`` describes, or find it begun by the same.

    Raises ``UsageError`` when something else is there. ``overwrite`` removes what zhprep wrote and nothing else.
    """
    run.mkdir(parents=True, exist_ok=True)
    begun = (run / PLAN).exists()
    if not begun and any(run.iterdir()):
        raise UsageError(f"{run}: is not empty and was not made by zhprep", hint="name another folder")
    if begun and not overwrite:
        return _check_same(json.loads((run / PLAN).read_text(encoding="utf-8")), plan, run)
    _clear(run)
    write_json(run / PLAN, plan)


def is_finished(run: Path) -> bool:
    """Return whether the run in this folder came to its end."""
    return (run / MANIFEST).exists()


def read_plan(run: Path) -> dict[str, Any]:
    """Return of what the run was made.

    Raises ``UsageError`` when ``run`` is not a finished run.
    """
    if not is_finished(run):
        what = "is unfinished" if (run / PLAN).exists() else "is not a run of zhprep"
        raise UsageError(f"{run}: {what}", hint="`zhprep pretrain` makes one, and goes on where it stopped")
    plan: dict[str, Any] = json.loads((run / PLAN).read_text(encoding="utf-8"))
    return plan


def read_report(run: Path) -> dict[str, Any]:
    """Return what a finished run reported."""
    report: dict[str, Any] = json.loads((run / REPORT).read_text(encoding="utf-8"))
    return report


def finish(run: Path, plan: dict[str, Any], report: dict[str, Any]) -> None:
    """Write the report and, last, the manifest."""
    write_json(run / REPORT, report, replace=True)
    names = [name for name in (*MODEL, *TOKENIZER, REPORT) if (run / name).exists()]
    files = {name: {"bytes": (run / name).stat().st_size, "sha256": checkpoint.sha256(run / name)} for name in names}
    manifest = {
        "table": "run",
        "version": 1,
        "plan": plan,
        "dependencies": {name: importlib.metadata.version(name) for name in _DEPENDENCIES},
        "files": files,
        "content_sha256": files["model.safetensors"]["sha256"],
    }
    write_json(run / MANIFEST, manifest, replace=True)


def copy_tokenizer(vocabulary: Path, run: Path) -> None:
    """Copy the tokenizer files that ``vocabulary`` has, byte by byte."""
    for name in TOKENIZER:
        if (vocabulary / name).exists():
            shutil.copyfile(vocabulary / name, run / name)


def _check_same(there: dict[str, Any], plan: dict[str, Any], run: Path) -> None:
    for part in sorted(there.keys() | plan.keys()):
        before, now, what = there.get(part), plan.get(part), part
        if isinstance(before, dict) and isinstance(now, dict):
            differing = (name for name in sorted(before.keys() | now.keys()) if before.get(name) != now.get(name))
            name = next(differing, part)
            before, now, what = before.get(name), now.get(name), f"another {part} ({name})"
        if before != now:
            raise UsageError(
                f"{run}: was begun with {what}: {before!r}, now {now!r}",
                hint="name another folder, or begin it again with --overwrite",
            )


def _clear(run: Path) -> None:
    for folder in run.glob("step-*"):
        shutil.rmtree(folder)
    for name in (MANIFEST, REPORT, LOG, "scores.json", *MODEL, *TOKENIZER, PLAN):
        (run / name).unlink(missing_ok=True)
