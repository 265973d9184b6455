"""The manifest of a finished folder: what it holds and how it was made, written last, and sealed.

``shards`` has rows, bytes and sha256 of each shard of a table, ``files`` bytes and sha256 of every other file that
somebody reads later. So whatever is changed after it was written is found.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from pathlib import Path, PurePosixPath
from typing import Any

from zhprep.core import schema
from zhprep.core.corpus import Corpus
from zhprep.core.corpus.inputs import MANIFEST, PLAN, SHARD, exists, file_sha256, open_file
from zhprep.core.errors import DataError
from zhprep.core.report import ACCOUNT
from zhprep.core.seal import SEAL, check_sealed, check_shape, object_of, sealed
from zhprep.core.shape import SHA256
from zhprep.core.shards.commit import write_json

_UNSEALED = ("vocabulary", "run")
"""Tables whose manifests had files before there were seals."""

_FILES = {"*": {"bytes": int, "sha256": SHA256}}
SHARDED = {
    "content_sha256": str,
    "config?": dict,
    "account?": ACCOUNT,
    "shards": [{"name": str, "rows?": int, "bytes?": int, "sha256?": SHA256}],
    "files?": _FILES,
}
"""The shape of a manifest of shards."""

_SHAPES = {table: {"content_sha256": SHA256, "files": _FILES} for table in _UNSEALED}
"""The shape of the manifests of other tables."""


def write_manifest(folder: Path, facts: dict[str, Any]) -> dict[str, Any]:
    """Write the manifest of ``folder`` with its seal; return it."""
    manifest = sealed({name: fact for name, fact in facts.items() if name != SEAL})
    write_json(folder / MANIFEST, manifest, replace=True)
    return manifest


def load_manifest(folder: Path | str) -> dict[str, Any]:
    """Return the manifest of a finished folder, by its path, or by its address in an object store.

    Raises ``DataError`` when there is none, when it is of another version, or not as it was written. One from before
    there were seals is taken as it is.
    """
    file = f"{folder}/{MANIFEST}"
    if not exists(file):
        what = "is unfinished" if exists(f"{folder}/{PLAN}") else "was not made by zhprep (no manifest.json)"
        raise DataError(f"{folder}: {what}", hint="run the command that makes it again, it goes on where it stopped")
    with open_file(file) as opened:
        data = opened.read()
    manifest = object_of(file, data, {"table": str})
    if manifest.get("version") != schema.VERSION:
        what = f"has version {manifest.get('version')}; this zhprep reads {schema.VERSION}"
        raise DataError(f"{folder}: {what}", hint="make it again with this version")
    if SEAL in manifest or ("files" in manifest and manifest.get("table") not in _UNSEALED):
        check_sealed(file, data, manifest, required=True)
    check_shape(file, manifest, _SHAPES.get(manifest["table"], SHARDED))
    return manifest


def manifests_of(corpus: Corpus) -> list[dict[str, Any]]:
    """Return the manifests of the folders that ``corpus`` is read from, on a disk or in an object store, in the order
    of their names; none unless all its inputs are shards in folders that have one.

    Raises as :func:`load_manifest`, and ``UsageError`` for a store that fails.
    """
    if not all(SHARD.fullmatch(os.path.basename(source.path)) for source in corpus.inputs):
        return []  # what is called so beside them is somebody else's
    folders = sorted({os.path.dirname(source.path) or "." for source in corpus.inputs})
    if not all(exists(f"{folder}/{MANIFEST}") for folder in folders):
        return []
    return [load_manifest(folder) for folder in folders]


def holds_rows(folder: Path) -> bool:
    """Return whether ``folder`` is a finished folder of shards with a row in it."""
    return (folder / MANIFEST).exists() and any(shard["rows"] for shard in load_manifest(folder)["shards"])


def facts_of_files(folder: Path, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return bytes and sha256 of the files of ``folder`` named by their paths in it, those that are there."""
    there = {name: folder / name for name in sorted(names) if (folder / name).is_file()}
    return {name: {"bytes": file.stat().st_size, "sha256": file_sha256(file)} for name, file in there.items()}


def add_files(folder: Path, names: Iterable[str]) -> None:
    """Put files that came later into the manifest that covers ``folder``, if there is one."""
    owner, prefix = _owner(folder)
    if owner is not None:
        manifest = load_manifest(owner)
        added = facts_of_files(owner, [prefix + name for name in names])
        write_manifest(owner, {**manifest, "files": {**manifest["files"], **added}})


def check_covered(folder: Path, names: Iterable[str], *, hint: str = "") -> None:
    """Raise ``DataError`` when a file of ``folder`` is not as the manifest that covers it says, if there is one."""
    owner, prefix = _owner(folder)
    if owner is not None:
        check_files(owner, load_manifest(owner), [prefix + name for name in names], hint=hint)


def _owner(folder: Path) -> tuple[Path | None, str]:
    """Return whose manifest covers the files of ``folder``, and what stands there before their names."""
    inner = f"{folder.absolute().name}/"
    if _names_files(folder, ""):
        return folder, ""
    return (folder.parent, inner) if _names_files(folder.parent, inner) else (None, "")


def _names_files(folder: Path, prefix: str) -> bool:
    """Whether there is a manifest of ours with files whose names begin so; somebody else's may have the same name."""
    try:
        value = json.loads((folder / MANIFEST).read_bytes())
        return any(name.startswith(prefix) for name in value["files"]) and "content_sha256" in value
    except (OSError, ValueError, TypeError, LookupError):
        return False


def differing_files(folder: Path, files: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Yield the names of those of ``files`` whose bytes in ``folder`` are not the bytes promised."""
    for name, promised in files.items():
        file = inside(folder, name)
        if not file.is_file() or sha256_of(file) != promised["sha256"]:
            yield name


def check_files(folder: Path, manifest: dict[str, Any], names: Iterable[str] | None = None, *, hint: str = "") -> None:
    """Raise ``DataError`` naming the first file of the manifest (of ``names``, if given) that is not as promised."""
    files = manifest.get("files", {})
    wanted = files if names is None else {name: files[name] for name in names if name in files}
    for name in differing_files(folder, wanted):
        file = inside(folder, name)
        what = "its bytes are not those of the manifest" if file.is_file() else "is missing"
        raise DataError(f"{file}: {what}", hint=hint or "copy it again, or run the command that made the folder again")


def inside(folder: Path, name: str) -> Path:
    """Return the file that a manifest calls ``name``; raises ``DataError`` for a path that leads out of the folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise DataError(f"{folder / MANIFEST}: names a file outside its folder: {name!r}", hint="it is not ours")
    return folder / path


def sha256_of(file: Path) -> str:
    """Return the sha256 of a file; one that has not changed since this process read it is not read again.

    A file that was written just now is not remembered: it could be written again without a later time of change.
    """
    state = os.stat(file)
    key = (str(file), state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)
    if key in _KNOWN:
        return _KNOWN[key]
    digest = file_sha256(file)
    if time.time_ns() - state.st_mtime_ns > _SETTLED:
        _KNOWN[key] = digest
    return digest


_KNOWN: dict[tuple[str, int, int, int, int], str] = {}
_SETTLED = 2 * 10**9
"""Nanoseconds after which a change shows in the time of change, on whatever file system."""

_TRUST = ContextVar("trust", default=False)


@contextlib.contextmanager
def trusting(trust: bool = True) -> Iterator[None]:
    """Inside, shards are taken for what their size says, without a look at their bytes; False: as outside."""
    token = _TRUST.set(trust or _TRUST.get())
    try:
        yield
    finally:
        _TRUST.reset(token)


def is_trusting() -> bool:
    """Whether shards are taken for what their size says."""
    return _TRUST.get()
