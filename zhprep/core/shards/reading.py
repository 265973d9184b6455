"""Read what lies in a finished folder: mapped, not copied, and checked against its manifest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from zhprep.core import schema
from zhprep.core.corpus.inputs import file_sha256
from zhprep.core.errors import DataError
from zhprep.core.shards.folder import MANIFEST, PLAN, RECEIPTS, SHARD, content_sha256, load_manifest, open_folder


def read_manifest(path: Path, table: str | None = None) -> dict[str, Any]:
    """Return the manifest of the finished folder at ``path``.

    Raises ``DataError`` when it is missing, of another version or of another table than ``table``.
    """
    manifest = load_manifest(path)
    if manifest.get("version") != schema.VERSION:
        raise DataError(
            f"{path}: has version {manifest.get('version')}; this zhprep reads {schema.VERSION}", hint="make it again"
        )
    if table is not None and manifest["table"] != table:
        raise DataError(f"{path}: holds a table of {manifest['table']}, not {table}", hint=f"give a folder of {table}")
    return manifest


def open_table(path: Path, table: str | None = None) -> pa.Table:
    """Return the shards of ``path`` as one memory-mapped table.

    Sizes are checked before anything is mapped: a file cut short would otherwise kill the process
    when it is touched. Raises ``DataError`` for a shard that is missing or of another size.
    """
    manifest = read_manifest(path, table)
    tables = []
    for shard in manifest["shards"]:
        file = _present(path, shard)
        with pa.memory_map(str(file)) as mapped:
            tables.append(pa.ipc.open_stream(mapped).read_all())
    return pa.concat_tables(tables)


def open_batches(path: Path, table: str | None = None) -> Iterator[pa.RecordBatch]:
    """Yield the record batches of the shards of ``path``, one at a time."""
    for _, batches in open_shards(path, table):
        yield from batches


def open_shards(path: Path, table: str | None = None) -> Iterator[tuple[str, pa.RecordBatchReader]]:
    """Yield the name of each shard of ``path`` and a reader of its record batches, one shard at a time."""
    manifest = read_manifest(path, table)
    for shard in manifest["shards"]:
        with pa.memory_map(str(_present(path, shard))) as mapped:
            yield str(shard["name"]), pa.ipc.open_stream(mapped)


def verify(path: Path) -> dict[str, Any]:
    """Check every shard against the manifest, and the manifest against plan and receipts; return the manifest.

    Raises ``DataError`` naming the first thing that differs.
    """
    manifest = read_manifest(path)
    for shard in manifest["shards"]:
        file = _present(path, shard)
        if file_sha256(file) != shard["sha256"]:
            raise DataError(
                f"{file}: its bytes are not those of the manifest", hint="remove it and make it again, or copy it again"
            )
        with pa.memory_map(str(file)) as mapped:
            rows = sum(batch.num_rows for batch in pa.ipc.open_stream(mapped))
        if rows != shard["rows"]:
            raise DataError(f"{file}: has {rows} rows, the manifest says {shard['rows']}", hint=_EDITED)
    if content_sha256(shard["sha256"] for shard in manifest["shards"]) != manifest["content_sha256"]:
        raise DataError(f"{path}: the manifest's content_sha256 is not that of its shards", hint=_EDITED)
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
    folder, plan = open_folder(path)
    if folder.pending():
        raise DataError(
            f"{folder.receipt(folder.pending()[0])}: is missing", hint="run the command that made the folder again"
        )
    expected = folder.manifest(plan["table"], plan, plan["facts"])
    for fact in sorted(expected.keys() | manifest.keys()):
        if json.dumps(expected.get(fact), sort_keys=True) != json.dumps(manifest.get(fact), sort_keys=True):
            raise DataError(f"{path / MANIFEST}: {fact} is not what plan and receipts say", hint=_EDITED)


_EDITED = "the manifest was edited; make the data again"


def _present(path: Path, shard: dict[str, Any]) -> Path:
    file = path / Path(shard["name"]).name
    if not file.exists():
        raise DataError(f"{file}: is missing", hint="run the command that made it again")
    if file.stat().st_size != shard["bytes"]:
        raise DataError(
            f"{file}: has {file.stat().st_size} bytes, the manifest says {shard['bytes']}", hint="copy it again"
        )
    return file
