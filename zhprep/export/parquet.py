"""Parquet files: one per shard, every column as it is.

In: instances. Out: ``data-00000-of-00042.parquet`` and so on, with the table's name and version in the metadata.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from zhprep.core.shards import committed, open_shards
from zhprep.export.source import Data, counted


def export(source: Path, out: Path) -> list[str]:
    """Write the instances of ``source`` into ``out``; return the names of the files."""
    data = Data.at(source)
    names = []
    with data.reading() as bar:
        for name, batches in open_shards(source, "instances"):
            names.append(f"{Path(name).stem}.parquet")
            schema = batches.schema
            with committed(out / names[-1]) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
                for batch in counted(batches, bar):
                    writer.write_batch(batch)
    return data.record(out, names, data.columns)
