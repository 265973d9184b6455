"""Row formats: Parquet and Arrow files, a document a row.

A zhprep table (``text``, ``words``, ``pinyin``) is read as what it is; any other needs a column of
text named by ``text_key``.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zhprep.core import schema
from zhprep.core.corpus.inputs import Input
from zhprep.core.errors import DataError, UsageError
from zhprep.core.registry import suggest

ROWS = 1024


def open_rows(source: Input, *, text_key: str) -> tuple[str, Iterator[pa.RecordBatch]]:
    """Return the name of the table that ``source`` holds and its batches, at most ``ROWS`` rows each.

    Raises ``DataError`` when the file is damaged, ``UsageError`` when the text column is missing.
    """
    try:
        file_schema, batches = _parquet(source) if source.format == "parquet" else _arrow(source)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{source.path}: is not a readable {source.format} file: {error}") from error
    table = schema.table_name(file_schema, source.path)
    if table is None:
        if text_key not in file_schema.names:
            raise UsageError(f"{source.path}: has no column {text_key!r}", hint="--text-key: " + suggest(text_key, file_schema.names))
        return "text", (_as_text(source, batch, text_key) for batch in batches)
    if table not in schema.DOCUMENT_TABLES:
        raise DataError(f"{source.path}: holds a table of {table}, not documents", hint="give text, words or pinyin")
    return table, (piece for batch in batches for piece in _small(batch))


def row_weights(batch: pa.RecordBatch) -> list[int]:
    """Return how much text each document of a zhprep table holds: bytes without spaces."""
    lists = batch.column("sentences")
    strings = lists.flatten()
    sizes = pc.subtract(pc.binary_length(strings), pc.count_substring(strings, " ").cast(pa.int32()))
    totals = pc.cumulative_sum(sizes.cast(pa.int64())).to_pylist()
    offsets = [offset - lists.offsets[0].as_py() for offset in lists.offsets.to_pylist()]
    upto = [0, *totals]
    return [upto[stop] - upto[start] for start, stop in zip(offsets, offsets[1:], strict=False)]


def _parquet(source: Input) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    file = pq.ParquetFile(source.path)
    return file.schema_arrow, file.iter_batches(batch_size=ROWS)


def _arrow(source: Input) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    mapped = pa.memory_map(source.path)
    if mapped.read(6) == b"ARROW1":
        mapped.seek(0)
        file = pa.ipc.open_file(mapped)
        return file.schema, (file.get_batch(i) for i in range(file.num_record_batches))
    mapped.seek(0)
    stream = pa.ipc.open_stream(mapped)
    return stream.schema, iter(stream)


def _small(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    for start in range(0, batch.num_rows, ROWS):
        yield batch.slice(start, ROWS)


def _as_text(source: Input, batch: pa.RecordBatch, text_key: str) -> pa.RecordBatch:
    column = batch.column(text_key)
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        raise DataError(f"{source.path}: column {text_key!r} is {column.type}, not string")
    lines = pc.split_pattern(pc.fill_null(column.cast(pa.string()), ""), "\n")
    names = pa.array([""] * batch.num_rows, pa.string())
    return pa.RecordBatch.from_arrays([names, lines.cast(schema.TEXT.field("sentences").type)], schema=schema.TEXT)
