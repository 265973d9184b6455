"""Row formats: Parquet and Arrow files, a document a row.

A zhprep table (``text``, ``words``, ``pinyin``) is read as what it is; any other needs a column of
text named by ``text_key``.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.core import arrow, schema
from zhprep.core.corpus.formats.parts import ENDLESS
from zhprep.core.corpus.formats.weights import weigh
from zhprep.core.corpus.inputs import Damaged, Input, is_remote, open_file
from zhprep.core.errors import DataError, UsageError
from zhprep.core.registry import suggest
from zhprep.core.temporary import naming

BATCH = 1 << 20
"""Bytes of text in a record batch, about: the unit of work and of memory."""

AT_ONCE = 4096
"""Rows of a Parquet file that are read at once, at most: how long the texts of a dictionary are is not known before."""

BLANK = " \t\r\v\f\u3000"
"""What a line may hold and still be blank."""

_ENDS_OF_STREAM = (b"\xff\xff\xff\xff\0\0\0\0", b"\0\0\0\0")


class FileRows(NamedTuple):
    """The ``table`` that a file holds, whether it is one of ``ours``, and its rows in small ``batches``."""

    table: str
    ours: bool
    batches: Iterator[pa.RecordBatch]


def open_rows(source: Input, *, text_key: str, start: int = 0, stop: int = ENDLESS) -> FileRows:
    """Return what ``source`` holds, and its rows from ``start`` to ``stop``.

    Raises ``Damaged`` (now or later) where the file is not whole, ``OSError`` where the system cannot read it,
    ``UsageError`` when the text column is missing.
    """
    with _telling(source):
        file_schema, ranges = _parquet(source, text_key) if source.format == "parquet" else _arrow(source, text_key)
    table = schema.table_name(file_schema, source.path)
    if table is None and text_key not in file_schema.names:
        raise UsageError(
            f"{source.path}: has no column {text_key!r}", hint="--text-key: " + suggest(text_key, file_schema.names)
        )
    if table is None and not _is_text(file_schema.field(text_key).type):
        raise DataError(
            f"{source.path}: column {text_key!r} is {file_schema.field(text_key).type}, not string",
            hint="name another with --text-key",
        )
    if table is not None and table not in schema.DOCUMENT_TABLES:
        raise DataError(f"{source.path}: holds a table of {table}, not documents", hint="give text, words or pinyin")
    if table is not None and not file_schema.equals(schema.DOCUMENT_TABLES[table]):
        raise DataError(f"{source.path}: is not the table of {table} that it says it is", hint="make it again")
    return FileRows(table or "text", table is not None, _rows(source, ranges, table, text_key, start, stop))


def row_weights(batch: pa.RecordBatch) -> npt.NDArray[np.int64]:
    """Return how much text each document of a zhprep table holds."""
    lists = batch.column("sentences")
    data, borders = bytes_of(arrow.items(lists))
    upto = np.concatenate(([0], np.cumsum(weigh(data, borders[:-1], np.diff(borders)))))
    offsets = lists.offsets.to_numpy() - lists.offsets[0].as_py()
    return np.asarray(np.diff(upto[offsets]))


class RowHash:
    """A sha256 over the values of rows, the same however the rows are cut into batches."""

    def __init__(self) -> None:
        self._parts: dict[str, Any] = {}

    def update(self, batch: pa.RecordBatch) -> None:
        """Add rows."""
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            self._add(name, column)

    def hexdigest(self) -> str:
        """Return the digest, in hex."""
        return hashlib.sha256(b"".join(self._parts[name].digest() for name in sorted(self._parts))).hexdigest()

    def _add(self, name: str, column: pa.Array) -> None:
        """Hash a column ``[N]``: the lengths of its rows and what is in them, apart."""
        digest = self._parts.setdefault(name, hashlib.sha256())
        if pa.types.is_list(column.type):
            digest.update(
                arrow.call("coalesce", arrow.call("list_value_length", column), pa.scalar(-1, pa.int32())).to_numpy()
            )
            self._add(f"{name}.", arrow.items(column))
        elif pa.types.is_string(column.type):
            data, borders = bytes_of(column)
            digest.update(np.diff(borders))
            self._parts.setdefault(f"{name}=", hashlib.sha256()).update(data)
        else:
            digest.update(np.ascontiguousarray(column.to_numpy(zero_copy_only=False)))


class Range(NamedTuple):
    """How many ``rows`` come next, how many of them are one ``batch``, and what gives them, in batches of any size."""

    rows: int
    batch: int
    read: Callable[[], Iterable[pa.RecordBatch]]


def _parquet(source: Input, text_key: str) -> tuple[pa.Schema, Iterator[Range]]:
    import pyarrow.parquet as pq  # a twentieth of a second, for those who need it

    file = pq.ParquetFile(open_file(source.path) if is_remote(source.path) else source.path)
    names = file.schema_arrow.names
    columns = [text_key] if text_key in names and schema.table_name(file.schema_arrow) is None else names

    def groups() -> Iterator[Range]:
        for number in range(file.num_row_groups):
            group = file.metadata.row_group(number)
            rows = max(1, BATCH * group.num_rows // max(group.total_byte_size, 1))  # of what is perhaps a dictionary
            read = partial(file.iter_batches, min(rows, AT_ONCE), [number], columns, use_threads=False)
            yield Range(group.num_rows, rows, read)

    return file.schema_arrow, groups()


def _arrow(source: Input, text_key: str) -> tuple[pa.Schema, Iterator[Range]]:
    mapped = open_arrow(source.path)
    is_file = mapped.read(6) == b"ARROW1"
    mapped.seek(0)
    reader = pa.ipc.open_file(mapped) if is_file else pa.ipc.open_stream(mapped)
    batches = map(reader.get_batch, range(reader.num_record_batches)) if is_file else _whole_stream(source, reader)
    if text_key in reader.schema.names and schema.table_name(reader.schema) is None:
        batches = (batch.select([text_key]) for batch in batches)
    return reader.schema, (Range(batch.num_rows, max(batch.num_rows, 1), partial(iter, (batch,))) for batch in batches)


def open_arrow(path: str) -> pa.NativeFile:
    """Open an Arrow file: mapped, or where it lies in an object store, read as it is needed."""
    return pa.PythonFile(open_file(path), mode="r") if is_remote(path) else pa.memory_map(path)


def _whole_stream(source: Input, reader: Any) -> Iterator[pa.RecordBatch]:
    """Yield the batches of a stream, and refuse one that was cut between two of them."""
    yield from reader
    with open_file(source.path) as file:
        file.seek(-min(8, file.seek(0, io.SEEK_END)), io.SEEK_END)
        if not file.read().endswith(_ENDS_OF_STREAM):
            raise _damaged(source, "the stream ends early")


def _rows(
    source: Input, ranges: Iterator[Range], table: str | None, text_key: str, start: int, stop: int
) -> Iterator[pa.RecordBatch]:
    row, column = 0, text_key if table is None else "sentences"
    with _telling(source):
        for one in ranges:
            first = max(start - row, 0)
            for part in _parts(one, column, first, stop - row) if first < one.rows else ():
                yield part if table is not None else _as_text(source, part, text_key, row + first)
                first += part.num_rows
            row += one.rows
            if row >= stop:  # what comes after is not looked at
                return


def _parts(rows: Range, column: str, start: int, stop: int) -> Iterator[pa.RecordBatch]:
    """Yield rows ``[start, stop)``, checked, in batches of about ``BATCH`` bytes of text: the same however read."""
    row, held = 0, _Held(column)
    for read in rows.read():
        place = 0
        while place < read.num_rows:
            size = min(read.num_rows - place, rows.batch - row % rows.batch)
            first, last = max(start - row, 0), min(stop - row, size)
            part = read.slice(place + first, max(last - first, 0))  # a file may be one batch, a block little of it
            arrow.check(part)
            held.add(part)
            place, row = place + size, row + size
            yield from held.parts(at_end=row % rows.batch == 0 or row >= stop)
            if row >= stop:
                return
    yield from held.parts(at_end=True)


class _Held:
    """Rows with a ``column`` of texts that wait for those with which they are a part."""

    def __init__(self, column: str) -> None:
        self._column = column
        self._batches: list[pa.RecordBatch] = []
        self._size = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Add the rows that come next."""
        self._batches.append(batch)
        borders = _text_borders(batch, self._column)
        self._size += int(borders[-1] - borders[0])

    def parts(self, *, at_end: bool) -> Iterator[pa.RecordBatch]:
        """Yield parts of at most ``BATCH`` bytes of text, or of one row; only ``at_end`` the last, which may grow."""
        if self._size <= BATCH and not at_end:
            return
        batch = pa.Table.from_batches(self._batches).combine_chunks().to_batches() if self._batches else []
        parts = [part for whole in batch for part in _small(whole, self._column)]
        self._batches, self._size = [], 0
        if parts and not at_end:
            self.add(parts.pop())
        yield from parts


def _text_borders(batch: pa.RecordBatch, column: str) -> npt.NDArray[np.int64]:
    """Return where the texts of rows begin and end in the buffer of their UTF-8, ``int64[N + 1]``."""
    texts = batch.column(column)
    if not pa.types.is_list(texts.type):
        return borders_of(texts)
    places: npt.NDArray[np.int64] = texts.offsets.to_numpy() - texts.offsets[0].as_py()
    return borders_of(arrow.items(texts)).take(places)


def _small(batch: pa.RecordBatch, column: str) -> Iterator[pa.RecordBatch]:
    """Yield a batch in parts of about ``BATCH`` bytes of text."""
    borders, start = _text_borders(batch, column), 0
    while start < batch.num_rows:
        stop = max(start + 1, int(np.searchsorted(borders, borders[start] + BATCH, side="right")) - 1)
        yield batch.slice(start, stop - start)
        start = stop


def _as_text(source: Input, batch: pa.RecordBatch, text_key: str, first: int) -> pa.RecordBatch:
    """Return rows of a foreign table as documents: their lines that are not blank, without ``\\r``."""
    import pyarrow.compute as pc  # a twentieth of a second, for those who need it

    texts = arrow.filled(batch.column(text_key).cast(pa.string()))
    lists = pc.split_pattern(texts, "\n")
    lines = arrow.items(lists)
    if pc.any(pc.match_substring(lines, "\r")).as_py():
        lines = pc.replace_substring_regex(lines, r"\r$", "")
    full = pc.not_equal(pc.binary_length(pc.utf8_trim(lines, characters=BLANK)), 0).to_numpy(zero_copy_only=False)
    upto = np.concatenate(([0], np.cumsum(full)))
    offsets = upto[lists.offsets.to_numpy()].astype(np.int32)
    sentences = pa.ListArray.from_arrays(pa.array(offsets), lines.filter(pa.array(full)))
    names = [f"{source.name}:{first + i + 1}" for i in range(batch.num_rows)]
    return pa.RecordBatch.from_arrays([pa.array(names, pa.string()), sentences], schema=schema.TEXT)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def bytes_of(strings: pa.Array) -> tuple[bytes, npt.NDArray[np.int64]]:
    """Return the UTF-8 of strings one after the other, and the borders between them."""
    borders = borders_of(strings)
    data = strings.buffers()[2]
    if data is None or not len(strings):
        return b"", borders
    return data[int(borders[0]) : int(borders[-1])].to_pybytes(), borders - borders[0]


def borders_of(strings: pa.Array) -> npt.NDArray[np.int64]:
    """Return where strings begin and end in the buffer of their UTF-8, ``int64[N + 1]``."""
    item = np.dtype(np.int64 if pa.types.is_large_string(strings.type) else np.int32)
    _, offsets, data = strings.buffers()
    if not len(strings) or data is None:
        return np.zeros(len(strings) + 1, np.int64)
    return np.frombuffer(offsets, item, len(strings) + 1, strings.offset * item.itemsize).astype(np.int64)


@contextlib.contextmanager
def _telling(source: Input) -> Iterator[None]:
    """Raise ``Damaged`` for what Arrow finds wrong in ``source``.

    Want of memory and errors of the system (a disk, a network) are none of its faults: they stay what they are.
    """
    try:
        with naming(source.path):
            yield
    except MemoryError:
        raise
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # those that Arrow makes up itself have none
            raise
        raise _damaged(source, error) from error


def _damaged(source: Input, why: object) -> Damaged:
    return Damaged(
        f"{source.path}: is not a whole {source.format} file: {why}",
        hint="fetch the file again, or read what can be read with --on-error skip",
    )
