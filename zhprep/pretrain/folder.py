"""The folder of a run: what it was begun with, and what makes it finished.

``plan.json`` is the first thing written and says of what the run is made; another run into the same folder is refused.
``manifest.json`` is the last thing written; a folder without it is unfinished.
"""

from __future__ import annotations

import importlib.metadata
import json
import shutil
from pathlib import Path
from typing import Any

from zhprep.core.errors import UsageError
from zhprep.pretrain import checkpoint

PLAN, LOG, REPORT, MANIFEST = "plan.json", "log.jsonl", "report.json", "manifest.json"
TOKENIZER = (
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "vocab.json", "merges.txt",
)  # fmt: skip
_OURS = (PLAN, LOG, REPORT, MANIFEST, "config.json", "model.safetensors", "scores.json", *TOKENIZER)


def begin(run: Path, plan: dict[str, Any], *, overwrite: bool) -> None:
    """Make ``run`` ready for the run that ``plan`` describes, or find it begun by the same.

    Raises ``UsageError`` when something else is there, unless ``overwrite``, which removes what zhprep wrote.
    """
    if overwrite:
        _clear(run)
    run.mkdir(parents=True, exist_ok=True)
    path = run / PLAN
    if path.exists():
        _compare(json.loads(path.read_text(encoding="utf-8")), plan, run)
    elif any(run.iterdir()):
        raise UsageError(f"{run} has files in it but no run", hint="give an empty or a new folder with -o")
    else:
        write_json(path, plan)


def finished(run: Path) -> dict[str, Any] | None:
    """Return the report of a finished run, or None."""
    if not (run / MANIFEST).exists():
        return None
    report: dict[str, Any] = json.loads((run / REPORT).read_text(encoding="utf-8"))
    return report


def finish(run: Path, plan: dict[str, Any], report: dict[str, Any]) -> None:
    """Write the report and, last, the manifest."""
    write_json(run / REPORT, report)
    names = [name for name in _OURS if (run / name).exists() and name not in (MANIFEST, LOG, "scores.json")]
    versions = {name: importlib.metadata.version(name) for name in ("torch", "numpy", "pyarrow", "safetensors")}
    files = {name: {"bytes": (run / name).stat().st_size, "sha256": checkpoint.sha256(run / name)} for name in names}
    manifest = {"table": "run", "version": 1, "plan": plan, "dependencies": versions, "files": files}
    write_json(run / MANIFEST, manifest | {"content_sha256": files["model.safetensors"]["sha256"]})


def copy_tokenizer(vocabulary: Path, run: Path) -> None:
    """Copy the tokenizer files that ``vocabulary`` has."""
    for name in TOKENIZER:
        if (vocabulary / name).exists():
            shutil.copyfile(vocabulary / name, run / name)


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as JSON with sorted keys; the file is there whole or not at all."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    temporary.replace(path)


def _compare(old: dict[str, Any], new: dict[str, Any], run: Path) -> None:
    old, new = json.loads(json.dumps(old)), json.loads(json.dumps(new))
    for part in sorted({*old, *new}):
        before, now = old.get(part), new.get(part)
        if before == now:
            continue
        if isinstance(before, dict) and isinstance(now, dict):
            name = next(key for key in sorted({*before, *now}) if before.get(key) != now.get(key))
            part, before, now = f"{part}.{name}", before.get(name), now.get(name)
        raise UsageError(
            f"{run} was begun with {part} {before!r}, not {now!r}",
            hint="give the settings it was begun with, another -o, or --overwrite",
        )


def _clear(run: Path) -> None:
    if not (run / PLAN).exists():
        return
    for folder in run.glob("step-*"):
        shutil.rmtree(folder)
    for name in (MANIFEST, *_OURS):
        (run / name).unlink(missing_ok=True)
