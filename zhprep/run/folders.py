"""Look at a folder that zhprep made, of whatever kind: what it holds, what is done, whether it is whole."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from zhprep.core.errors import DataError
from zhprep.core.progress import NO_PROGRESS, Progress
from zhprep.core.seal import check_seal, check_shape, read_sealed, sealed
from zhprep.core.shards import (
    MANIFEST,
    PLAN,
    check_files,
    load_manifest,
    open_folder,
    read_manifest,
    remove_leftovers,
    sha256_of,
    verify,
    write_json,
)

COUNTS = ".counts"
_RUN = {"config": {"steps": int}}
"""The shape of the plan of a run; that of a folder of shards is looked at when it is opened."""

PARTS = ("vocab", "coarse-vocab", "data", "held-out", "run")
"""The folders that `zhprep run` makes, in their order."""

_LAST = ".run.json"


def parts_of(path: Path) -> list[Path]:
    """Return the folders that ``path`` is made of: those of a run of a recipe, else ``path`` itself."""
    if (path / MANIFEST).exists() or (path / PLAN).exists():
        return [path]
    begun_from = sorted(folder.name for folder in path.glob("initial*") if folder.is_dir())
    phases = sorted(folder.name for folder in path.glob("data-*") if folder.is_dir())
    names = [*begun_from, *PARTS[:2], *phases, *PARTS[2:]]
    return [path / name for name in names if (path / name).is_dir()] or [path]


def note_last(path: Path, name: str) -> None:
    """Note in ``path``, where a run of a recipe begins, with which of its parts it ends: others are there before."""
    path.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path, of=_LAST)
    write_json(path / _LAST, sealed({"last": name}), replace=True)


def last_of(path: Path) -> Path | None:
    """Return the part with which the run of a recipe in ``path`` ends; None where none is noted."""
    note = path / _LAST
    return path / read_sealed(note, {"last": str})["last"] if note.exists() else None


def begun_parts_of(path: Path) -> list[Path]:
    """Return the folders that ``path`` is made of; of a run of a recipe those that have a plan by now."""
    parts = parts_of(path)
    return parts if last_of(path) is None else [part for part in parts if (shards_of(part) / PLAN).exists()]


def to_come(path: Path, parts: Collection[Path]) -> Path | None:
    """Return the part with which the run of a recipe in ``path`` ends, if it is not among ``parts``."""
    last = last_of(path)
    return None if last in parts else last


def check_is_whole(path: Path, parts: Collection[Path]) -> None:
    """Raise ``DataError`` where the run of a recipe in ``path`` has not begun the last of its ``parts``."""
    if (last := to_come(path, parts)) is not None:
        raise DataError(f"{path}: is unfinished, {last.name} is not there yet", hint="run the same command again")


def shards_of(path: Path) -> Path:
    """Return where the shards of a folder lie: those of a vocabulary are its counts."""
    return path / COUNTS if (path / COUNTS / PLAN).exists() else path


def read_plan(path: Path) -> dict[str, Any]:
    """Return the plan of a folder; raises ``DataError`` when there is none, or one that was changed."""
    file = shards_of(path) / PLAN
    if not file.exists():
        raise DataError(f"{path}: was not made by zhprep (no plan.json)", hint="name a folder that -o named")
    plan = read_sealed(file)
    if "corpus" not in plan:
        check_shape(file, plan, _RUN)
    return plan


def finished_characters(path: Path, index: int = 0, of: int = 1) -> int:
    """Return how much text the shards hold that are there already, of those whose number is ``index`` modulo ``of``."""
    if not (path / PLAN).exists():
        return 0
    folder, _ = open_folder(path)
    done = (block for block in range(index, folder.n_blocks, of) if folder.is_done(block))
    return sum(folder.account(block).counts["characters"] for block in done)


def verify_folder(path: Path, progress: Progress = NO_PROGRESS) -> dict[str, Any]:
    """Check the shards and files of a finished folder against its manifest; return the manifest.

    Raises ``DataError`` naming the first that differs.
    """
    manifest = read_manifest(path)
    if "shards" in manifest:
        return verify(path, progress)
    check_seal(path / MANIFEST, manifest)
    if manifest["table"] == "vocabulary":
        _check_counts(path, manifest)
    check_files(path, manifest)
    return manifest


def _check_counts(path: Path, manifest: dict[str, Any]) -> None:
    """Check the counts that a vocabulary was learnt from, if they are still there."""
    if (path / COUNTS).exists() and verify(path / COUNTS)["content_sha256"] != manifest.get("input_sha256"):
        raise DataError(
            f"{path / COUNTS}: are not the counts that the vocabulary was learnt from", hint="make the vocabulary again"
        )


def verify_beside(path: Path, parts: Sequence[Path]) -> None:
    """Check what lies beside the parts of a run of a recipe; raises ``DataError`` when it is not what they took."""
    from zhprep.instances import SIMILAR_WORDS  # loads the stage: for those who verify data, not at every start

    table = path / SIMILAR_WORDS
    for part in parts:
        taken = load_manifest(part).get("similar_words")
        if part != path and taken and table.exists() and sha256_of(table) != taken:
            raise DataError(f"{table}: is not the table that {part} was made with", hint="make both again")
