"""Parts of a corpus taken at regular places, each in a file of its own: to measure what the whole will cost.

Nothing but the parts is read where a file can be entered in its middle; a compressed or recoded file is read from its
beginning, so that only its first documents are in the sample.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from zhprep.core.corpus.formats import open_arrow, open_rows, read_header
from zhprep.core.corpus.inputs import LINE_FORMATS, Input, open_file, size_of
from zhprep.core.corpus.inputs.streams import Decompressed, Recoded, Stream
from zhprep.core.corpus.pieces import ReadConfig

_STEP = 1 << 12
"""Bytes of a compressed file that are read at a time: so exactly it is known which belong to a part."""

_LINE = re.compile(rb"\n")
_CHARACTER = re.compile(rb"(?=[\x00-\x7f\xc0-\xff])")
_BLANK = re.compile(rb"\n[ \t\r\v\f]*\n")
_SUFFIXES = {"text": ".txt", "jsonl": ".jsonl", "tsv": ".tsv"}


@dataclass(frozen=True)
class Sample:
    """A part of the corpus; ``raw`` is how many bytes of the corpus's files it stands for."""

    source: Input
    raw: float


def take_samples(inputs: list[Input], read: ReadConfig, folder: Path, *, number: int, size: int) -> list[Sample]:
    """Write ``number`` parts of about ``size`` bytes each into ``folder``, from places at equal distances in the files.

    Of a corpus that is smaller than that, the parts together are nearly the whole. Parts without a document are left
    out.
    """
    upto = np.cumsum([0, *(size_of(source.path) for source in inputs)])
    size = max(1, min(size, int(upto[-1]) // number))
    places = (np.arange(number) + 0.5) * float(upto[-1]) / number
    found: list[Sample] = []
    for index, source in enumerate(inputs):
        inside = places[(places >= upto[index]) & (places < upto[index + 1])] - upto[index]
        take: Any = _of_lines if source.format in LINE_FORMATS else _of_rows
        for number_, (raw, part) in enumerate(take(source, read, inside.astype(np.int64).tolist(), size)):
            if not len(part):
                continue
            path = folder / f"{index:06d}-{number_:04d}{_SUFFIXES.get(source.format, '.arrow')}"
            _write(path, part)
            kind = source.format if source.format in LINE_FORMATS else "arrow"
            found.append(Sample(Input(str(path), path.name, kind), raw))
    return found


def _of_lines(source: Input, read: ReadConfig, places: list[int], size: int) -> Iterator[tuple[float, bytes]]:
    """Yield the raw size and the bytes of each part of a line format, cut between documents."""
    apart = _BLANK if source.format == "text" and not read.one_doc_per_line else re.compile(rb"\n")
    header = read_header(source) + b"\n" if source.format == "tsv" and places else b""
    seekable = not source.compression and source.encoding == "utf-8"
    parts = _entered(source, places, size) if seekable else _from_the_beginning(source, len(places), size)
    for raw, data, is_first in parts:
        part = _whole_documents(data, apart, is_first)
        if is_first and header:
            part = part.removeprefix(header)
        yield raw * len(part) / max(len(data), 1), header + part if part.strip() else b""


def _entered(source: Input, places: list[int], size: int) -> Iterator[tuple[float, bytes, bool]]:
    whole = size_of(source.path)
    with open_file(source.path) as file:
        for place in places:
            start = max(0, min(place - size // 2, whole - size))
            file.seek(start)
            data = file.read(size)
            yield len(data), data, start == 0


def _from_the_beginning(source: Input, number: int, size: int) -> Iterator[tuple[float, bytes, bool]]:
    with open_file(source.path) as file:
        stream: Stream = _Sipped(file)
        if source.compression:
            stream = Decompressed(stream, source.compression, source.name)
        if source.encoding != "utf-8":
            stream = Recoded(stream, source.encoding)
        parts = [stream.read(size) for _ in range(number)]
        upto, text = file.tell(), sum(map(len, parts))
        while file.tell() == upto and (more := stream.read(_STEP)):  # what has been decompressed and not been given
            text += len(more)
    for part, data in enumerate(parts):
        yield upto * len(data) / max(text, 1), data, part == 0


class _Sipped:
    """A file of which little is read at a time, however much is asked for."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def read(self, size: int) -> bytes:
        data: bytes = self._file.read(min(size, _STEP))
        return data


def _of_rows(
    source: Input, read: ReadConfig, places: list[int], size: int
) -> Iterator[tuple[float, list[pa.RecordBatch]]]:
    """Yield the raw size and the rows of each part of a table."""
    whole, n_rows = size_of(source.path), _n_rows(source) if places else 0
    for place in places:
        first, taken, rows, upto = place * n_rows // whole, [], 0, 0
        for batch in open_rows(source, text_key=read.text_key, start=first).batches:
            batch = batch.slice(0, max(1, batch.num_rows * (size - upto) // max(batch.nbytes, 1)))
            taken.append(batch)
            rows, upto = rows + batch.num_rows, upto + batch.nbytes
            if upto >= size:
                break
        yield whole * rows / max(n_rows, 1), taken


def _n_rows(source: Input) -> int:
    if source.format == "parquet":
        import pyarrow.parquet as pq

        with open_file(source.path) as file:
            return int(pq.ParquetFile(file).metadata.num_rows)
    with open_arrow(source.path) as mapped:
        is_file = mapped.read(6) == b"ARROW1"
        mapped.seek(0)
        if is_file:
            return int(pa.ipc.open_file(mapped).count_rows())
        return sum(batch.num_rows for batch in pa.ipc.open_stream(mapped))


def _write(path: Path, part: bytes | list[pa.RecordBatch]) -> None:
    if isinstance(part, bytes):
        path.write_bytes(part)
        return
    with open(path, "wb") as file, pa.ipc.new_stream(file, part[0].schema) as writer:
        for batch in part:
            writer.write_batch(batch)


def _whole_documents(data: bytes, apart: re.Pattern[bytes], is_first: bool) -> bytes:
    """Return ``data`` without the pieces of documents at its ends; of one long document, whole lines or characters."""
    for border in (apart, _LINE, _CHARACTER):
        places = [match.end() for match in border.finditer(data)]
        start = 0 if is_first else places[0] if places else len(data)
        if places and places[-1] > start:
            return data[start : places[-1]]
    return b""
