"""JSON lines: an object per instance, a key per column.

In: instances. Out: one ``.jsonl`` per shard.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from zhprep.core.shards import committed
from zhprep.export.joined import joined, line_bytes
from zhprep.export.source import Data, ragged


def export(source: Path, out: Path) -> list[str]:
    """Write the instances of ``source`` into ``out``; return the names of the files."""
    data = Data.at(source)
    names = []
    for name, batches in data.shards():
        names.append(f"{name}.jsonl")
        with committed(out / names[-1]) as file:
            for batch in batches:
                file.write(_lines(batch))
    return data.record(out, names, data.columns)


def _lines(batch: pa.RecordBatch) -> bytes:
    parts: list[pa.Array | str] = []
    for field in batch.schema:
        parts.append(f'{", " if parts else "{"}"{field.name}": ')
        if pa.types.is_list(field.type):
            parts += ["[", joined(*ragged(batch, field.name), ", "), "]"]
        else:
            parts.append(batch.column(field.name).cast(pa.string()))
    return line_bytes([*parts, "}"])
