"""Look at a folder that zhprep made, of whatever kind: what it holds, what is done, whether it is whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from zhprep.core.corpus.inputs import file_sha256
from zhprep.core.errors import DataError
from zhprep.core.shards import read_manifest, verify
from zhprep.core.shards.folder import open_folder

COUNTS, MANIFEST, PLAN = ".counts", "manifest.json", "plan.json"
PARTS = ("vocab", "data", "run")
"""The folders that `zhprep run` makes, in their order."""


def parts_of(path: Path) -> list[Path]:
    """Return the folders that ``path`` is made of: those of a run of a recipe, else ``path`` itself."""
    if (path / MANIFEST).exists() or (path / PLAN).exists():
        return [path]
    phases = sorted(folder.name for folder in path.glob("data-*") if folder.is_dir())
    names = [PARTS[0], *phases, *PARTS[1:]]
    return [path / name for name in names if (path / name).is_dir()] or [path]


def shards_of(path: Path) -> Path:
    """Return where the shards of a folder lie: those of a vocabulary are its counts."""
    return path / COUNTS if (path / COUNTS / PLAN).exists() else path


def status_of(path: Path) -> dict[str, Any]:
    """Return what of a folder is done: shards, or the steps of a run.

    Raises ``DataError`` when zhprep did not make it.
    """
    finished = (path / MANIFEST).exists()
    plan = read_plan(path)
    if "corpus" not in plan:
        saved = [int(folder.name.removeprefix("step-")) for folder in path.glob("step-*") if folder.is_dir()]
        steps = plan["config"]["steps"]
        return {"steps": steps, "done": steps if finished else max(saved, default=0), "finished": finished}
    folder, _ = open_folder(shards_of(path))
    pending = folder.pending()
    return {"shards": folder.n_blocks, "done": folder.n_blocks - len(pending), "pending": pending, "finished": finished}


def read_plan(path: Path) -> dict[str, Any]:
    """Return the plan of a folder; raises ``DataError`` when there is none that can be read."""
    file = shards_of(path) / PLAN
    try:
        plan: dict[str, Any] = json.loads(file.read_bytes())
    except FileNotFoundError as error:
        raise DataError(f"{path}: was not made by zhprep (no plan.json)", hint="name a folder that -o named") from error
    except ValueError as error:
        raise DataError(f"{file}: is damaged: {error}", hint="make the folder again with --overwrite") from error
    return plan


def finished_characters(path: Path, index: int = 0, of: int = 1) -> int:
    """Return how much text the shards hold that are there already, of those whose number is ``index`` modulo ``of``."""
    total = 0
    for receipt in (path / ".receipts").glob("[0-9]*.json"):
        if int(receipt.stem) % of == index:
            total += json.loads(receipt.read_bytes())["account"]["counts"].get("characters", 0)
    return total


def verify_folder(path: Path) -> dict[str, Any]:
    """Check the shards, or the files, of a finished folder against its manifest; return the manifest.

    Raises ``DataError`` naming the first that differs.
    """
    manifest = read_manifest(path)
    if "shards" in manifest:
        return verify(path)
    for name in differing_files(path, manifest["files"]):
        raise DataError(f"{path / name}: is not the file of the manifest", hint="make it again, or copy it again")
    return manifest


def differing_files(path: Path, files: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Yield the names of those of ``files`` whose bytes in ``path`` are not the bytes promised."""
    for name, promised in files.items():
        file = path / Path(name).name
        if not file.is_file() or file_sha256(file) != promised["sha256"]:
            yield name
