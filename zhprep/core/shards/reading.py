"""Read what lies in a finished folder: held to its manifest, then mapped, not copied.

The bytes of a shard are read once, as fast as the disk gives them, and held to their sha256 before anything of it is
mapped: a stream that is cut between two batches reads as fewer rows, a flipped bit as another token, and a wrong offset
ends the process. Inside :func:`zhprep.core.shards.manifest.trusting` that is left out.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from zhprep.core.corpus.inputs import MANIFEST, PLAN, SHARD
from zhprep.core.errors import DataError
from zhprep.core.progress import NO_PROGRESS, Progress
from zhprep.core.seal import check_seal, read_sealed
from zhprep.core.shards.folder import RECEIPTS, content_sha256, open_folder
from zhprep.core.shards.manifest import (
    check_files,
    inside,
    is_trusting,
    load_manifest,
    sha256_of,
)

_AT_ONCE = 4
"""Shards that are hashed at a time."""


def read_manifest(path: Path, table: str | None = None) -> dict[str, Any]:
    """Return the manifest of the finished folder at ``path``.

    Raises ``DataError`` when it is missing, changed, of another version or of another table than ``table``.
    """
    manifest = load_manifest(path)
    if table is not None and manifest.get("table") != table:
        raise DataError(f"{path}: holds a table of {manifest.get('table')}, not {table}", hint="name another folder")
    return manifest


def check_folder(path: Path, manifest: dict[str, Any]) -> None:
    """Hold every shard of ``path`` and every file beside them to ``manifest``.

    Raises ``DataError`` naming what is missing or differs.
    """
    from concurrent.futures import ThreadPoolExecutor  # for those who read shards

    check_files(path, manifest)
    trust = is_trusting()
    with ThreadPoolExecutor(min(_AT_ONCE, os.cpu_count() or 1)) as threads:
        list(threads.map(lambda shard: _checked(path, shard, trust=trust), manifest["shards"]))


def open_table(path: Path, table: str | None = None) -> pa.Table:
    """Return the shards of ``path`` as one memory-mapped table.

    Raises ``DataError`` for a folder that is not as its manifest says.
    """
    manifest = read_manifest(path, table)
    check_folder(path, manifest)
    tables = []
    for shard in manifest["shards"]:
        with pa.memory_map(str(inside(path, shard["name"]))) as mapped:
            tables.append(pa.ipc.open_stream(mapped).read_all())
    return pa.concat_tables(tables)


def open_batches(path: Path, table: str | None = None) -> Iterator[pa.RecordBatch]:
    """Yield the record batches of the shards of ``path``, one at a time."""
    for _, batches in open_shards(path, table):
        yield from batches


def open_shards(path: Path, table: str | None = None) -> Iterator[tuple[str, pa.RecordBatchReader]]:
    """Yield the name of each shard of ``path`` and a reader of its record batches, one shard at a time.

    Raises ``DataError`` for a shard that is not as the manifest says, when its turn comes.
    """
    manifest = read_manifest(path, table)
    check_files(path, manifest)
    for shard in manifest["shards"]:
        with pa.memory_map(str(_checked(path, shard, trust=is_trusting()))) as mapped:
            yield str(shard["name"]), pa.ipc.open_stream(mapped)


def verify(path: Path, progress: Progress = NO_PROGRESS) -> dict[str, Any]:
    """Check every shard and file against the manifest, and the manifest against plan and receipts; return it.

    Raises ``DataError`` naming the first thing that differs.
    """
    manifest = read_manifest(path)
    check_seal(path / MANIFEST, manifest)
    shards = manifest["shards"]
    with progress.of(sum(shard["bytes"] for shard in shards), "bytes", shards=len(shards)) as bar:
        for shard in shards:
            file = _checked(path, shard, trust=False)
            with pa.memory_map(str(file)) as mapped:
                rows = sum(batch.num_rows for batch in pa.ipc.open_stream(mapped))
            if rows != shard["rows"]:
                raise DataError(f"{file}: has {rows} rows, the manifest says {shard['rows']}", hint=_EDITED)
            bar.advance(shard["bytes"], shards=1)
    if content_sha256(shard["sha256"] for shard in manifest["shards"]) != manifest["content_sha256"]:
        raise DataError(f"{path}: the manifest's content_sha256 is not that of its shards", hint=_EDITED)
    check_files(path, manifest)
    _check_records(path, manifest)
    return manifest


def _check_records(path: Path, manifest: dict[str, Any]) -> None:
    """Compare the manifest with plan and receipts, where they travelled along, and look for other shards."""
    names = [shard["name"] for shard in manifest["shards"]]
    stray = sorted(file.name for file in path.iterdir() if SHARD.fullmatch(file.name) and file.name not in names)
    if stray:
        raise DataError(f"{path / stray[0]}: is not a shard of this manifest", hint="move it away")
    if not (path / PLAN).exists() or not (path / RECEIPTS).exists():
        return
    read_sealed(path / PLAN, required=True)
    folder, plan = open_folder(path)
    for block in range(folder.n_blocks):
        if not folder.receipt(block).exists():
            raise DataError(f"{folder.receipt(block)}: is missing", hint="run the command that made the folder again")
    expected = folder.manifest(plan["table"], plan, plan["facts"])
    for fact, value in expected.items():
        if json.dumps(value, sort_keys=True) != json.dumps(manifest.get(fact), sort_keys=True):
            raise DataError(f"{path / MANIFEST}: {fact} is not what plan and receipts say", hint=_EDITED)


_EDITED = "the manifest was edited; make the data again"


def _checked(path: Path, shard: dict[str, Any], *, trust: bool) -> Path:
    file = inside(path, shard["name"])
    if not file.exists():
        raise DataError(f"{file}: is missing", hint="run the command that made it again")
    if file.stat().st_size != shard["bytes"]:
        raise DataError(
            f"{file}: has {file.stat().st_size} bytes, the manifest says {shard['bytes']}", hint="copy it again"
        )
    if not trust and "sha256" in shard and sha256_of(file) != shard["sha256"]:
        raise DataError(
            f"{file}: its bytes are not those of the manifest", hint="remove it and make it again, or copy it again"
        )
    return file
