"""Long documents of formats that give each whole (JSON lines, rows): cut after they are read, as text is before.

In: ``text`` batches. Out: the same, lines in parts of at most ``LONG_LINE`` bytes and documents in parts of at most
``DOCUMENT_LIMIT`` of weight, each in a batch of its own; the parts of ``x:5`` are ``x:5``, ``x:5.2``, ``x:5.3`` ….
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from zhprep.core import arrow, schema
from zhprep.core.corpus.formats import lines, parts
from zhprep.core.corpus.formats.lines import Ints, cut_span
from zhprep.core.corpus.formats.parts import part_ends
from zhprep.core.corpus.formats.rows import BATCH, borders_of, bytes_of
from zhprep.core.corpus.formats.weights import weigh
from zhprep.core.report import Account


def counted(batch: pa.RecordBatch, account: Account, *, whole: bool) -> Iterator[pa.RecordBatch]:
    """Yield ``batch``, and count its documents; unless they are to stay ``whole``, what is too long is cut."""
    for part in (batch,) if whole else _divide(batch, account):
        account.count(documents_in=part.num_rows)
        yield part


def _divide(batch: pa.RecordBatch, account: Account) -> Iterator[pa.RecordBatch]:
    column = batch.column("sentences")
    values = arrow.items(column)
    borders, rows = borders_of(values), column.offsets.to_numpy() - column.offsets[0].as_py()
    is_long = np.diff(borders) > parts.LONG_LINE
    n_long = np.diff(np.concatenate(([0], np.cumsum(is_long)))[rows])
    long_rows = np.flatnonzero((n_long > 0) | (np.diff(borders[rows]) > lines.DOCUMENT_LIMIT)).tolist()
    start = 0
    for row in long_rows:
        if row > start:
            yield batch.slice(start, row - start)
        texts = values[rows[row] : rows[row + 1]]
        if n_long[row]:
            texts, n_cuts = _cut_lines(texts)
            account.change("lines.cut", n_cuts)
        for number, part in enumerate(_documents(texts), 1):
            name = batch.column("doc")[row].as_py() + (f".{number}" if number > 1 else "")
            account.change("documents.cut", number > 1)
            one = pa.ListArray.from_arrays(pa.array([0, len(part)], pa.int32()), part)
            yield pa.RecordBatch.from_arrays([pa.array([name], pa.string()), one], schema=schema.TEXT)
        start = row + 1
    if start < batch.num_rows:
        yield batch.slice(start) if start else batch


def _cut_lines(texts: pa.StringArray) -> tuple[pa.StringArray, int]:
    """Return ``texts`` with long lines in parts, over the same bytes, and how many cuts there are."""
    borders = borders_of(texts)
    data = texts.buffers()[2]
    whole = memoryview(data)
    places = [borders[:1]]
    for start, stop in zip(borders[:-1].tolist(), borders[1:].tolist(), strict=True):
        places.append(np.array(part_ends(whole[start:stop]), np.int64) + start)
    offsets = np.concatenate(places)
    array = pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets.astype(np.int32)), data)
    return array, len(array) - len(texts)


def _documents(texts: pa.StringArray) -> Iterator[pa.StringArray]:
    """Yield the lines of one document in runs that each weigh as much as a document may."""
    borders = borders_of(texts)
    start = first = held = 0
    while start < len(texts):
        stop = max(start + 1, int(np.searchsorted(borders, borders[start] + BATCH, side="right")) - 1)
        upto = _weights_before(texts[start:stop])
        cuts = [start + cut for cut in cut_span(upto, 0, stop - start, held)]
        for cut in cuts:
            yield texts[first:cut]
            first = cut
        held = int(upto[-1] - upto[first - start]) if cuts else held + int(upto[-1])
        start = stop
    yield texts[first:]


def _weights_before(texts: pa.StringArray) -> Ints:
    """Return the weight before each line and after the last, ``int64[N + 1]``."""
    data, borders = bytes_of(texts)
    return np.concatenate(([0], np.cumsum(weigh(data, borders[:-1], np.diff(borders)))))
