"""Read a block as record batches of whole documents.

Gives ``text`` batches for line formats (``doc`` is ``name:number``, counted from 1; ``sentences`` are
the raw lines) and the table itself for zhprep tables. Lines of segmented text come as ``text`` too:
whoever knows the words' form splits them.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import IO, Any

import numpy as np
import pyarrow as pa

from zhprep.core import schema
from zhprep.core.corpus.inputs import CHUNK, Input, open_text, read_some
from zhprep.core.corpus.lines import Lines, LineScanner
from zhprep.core.corpus.plan import Block, Corpus, Piece, ReadConfig
from zhprep.core.corpus.rows import open_rows
from zhprep.core.errors import DataError
from zhprep.core.report import Account

BATCH = 1 << 20
"""Bytes of text in a record batch, about: the unit of work and of memory."""


def read_block(corpus: Corpus, block: Block, account: Account) -> Iterator[pa.RecordBatch]:
    """Yield the documents of ``block`` in order, counting them.

    Raises ``DataError`` when what is read is not what was planned, or is not readable text.
    """
    for piece in block.pieces:
        source = corpus.inputs[piece.input]
        read = _read_lines if source.format in ("text", "jsonl") else _read_rows
        for batch in read(source, piece, corpus.read, account):
            account.count(documents_in=batch.num_rows)
            yield batch


def read_stream(source: Input, stream: IO[bytes], read: ReadConfig, account: Account) -> Iterator[pa.RecordBatch]:
    """Yield the documents of a line-format stream that is read once, from its beginning to its end."""
    whole = Piece(0, 0, 1 << 62, 0, 0, 0, 0, "")
    for batch in _batches(source, stream, whole, read, account):
        account.count(documents_in=batch.num_rows)
        yield batch


def _read_lines(source: Input, piece: Piece, read: ReadConfig, account: Account) -> Iterator[pa.RecordBatch]:
    digest = hashlib.sha256()
    yield from _batches(source, _CURSOR.at(source, piece.start), piece, read, account, digest.update)
    _CURSOR.position = piece.stop
    if digest.hexdigest() != piece.sha256:
        raise DataError(f"{source.name}: has changed since it was planned", hint="run again with --overwrite")


def _batches(source: Input, stream: IO[bytes], piece: Piece, read: ReadConfig, account: Account,
             watch: Callable[[bytes], Any] = len) -> Iterator[pa.RecordBatch]:  # fmt: skip
    """Yield batches that end where a document ends; the last document of a run waits for the next run."""
    jsonl = source.format == "jsonl"
    documents = LineScanner(line_is_document=jsonl or read.one_doc_per_line)
    number, line_number, held = piece.first_document, piece.first_line, _Held()
    for data in _runs(stream, piece.stop - piece.start, source.name):
        watch(data)
        lines = documents.scan(data)
        account.change("documents.cut", lines.cuts)
        held.take(_decode(data, lines, source, read, account, line_number), lines)
        line_number += data.count(b"\n")
        if held.size >= BATCH:
            rows = held.release(keep_last=True)
            yield from _emit(rows, source, read, account, number, jsonl)
            number += len(rows)
    rows = held.release(keep_last=False)
    yield from _emit(rows, source, read, account, number, jsonl)


class _Held:
    """Documents read so far and not yet given out, each a list of lines."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self.size = 0

    def take(self, texts: list[str], lines: Lines) -> None:
        full = np.flatnonzero(lines.full)
        begins = lines.begins[full]
        kept = [texts[i] for i in full.tolist()]
        heads = np.flatnonzero(begins).tolist()
        if kept and not (heads and heads[0] == 0):  # goes on with the document of the run before
            stop = heads[0] if heads else len(kept)
            self.rows[-1].extend(kept[:stop])
        self.rows += [kept[a:b] for a, b in pairwise([*heads, len(kept)])]
        self.size += sum(map(len, kept))

    def release(self, *, keep_last: bool) -> list[list[str]]:
        ready, self.rows = (self.rows[:-1], self.rows[-1:]) if keep_last else (self.rows, [])
        self.size = sum(len(line) for row in self.rows for line in row)
        return ready


def _emit(rows: list[list[str]], source: Input, read: ReadConfig, account: Account, first: int, jsonl: bool) -> Iterator[pa.RecordBatch]:
    names = [f"{source.name}:{first + i + 1}" for i in range(len(rows))]
    if jsonl:
        parsed = [(name, _parse(row[0], name, read, account)) for name, row in zip(names, rows, strict=True)]
        names = [name for name, lines in parsed if lines is not None]
        rows = [lines for _, lines in parsed if lines is not None]
    if rows:
        yield pa.RecordBatch.from_arrays([pa.array(names, pa.string()), pa.array(rows, schema.TEXT.field(1).type)], schema=schema.TEXT)


def _parse(line: str, name: str, read: ReadConfig, account: Account) -> list[str] | None:
    """Return the lines of the text of one JSON object, or None when it is bad and may be skipped."""
    try:
        value = json.loads(line)
        text = value[read.text_key]
        text.encode()  # a lone surrogate escape parses, but is not text
        return list(text.split("\n"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        account.count(documents_in=read.on_error == "skip")
        if read.on_error == "skip":
            account.drop("documents.bad_json")
            return None
        what = f"no key {read.text_key!r}" if isinstance(error, KeyError) else f"not a JSON object with text ({error})"
        raise DataError(
            f"{name.replace(':', ', document ')}: {what}",
            hint="name the key with --text-key, or leave such lines out with --on-error skip",
        ) from error


def _decode(data: bytes, lines: Lines, source: Input, read: ReadConfig, account: Account, line_number: int) -> list[str]:
    """Return the lines as text, without ``\\r`` at their ends; a line that is not UTF-8 is refused or emptied."""
    try:
        texts = data.decode().split("\n")
    except UnicodeDecodeError as error:
        if read.on_error != "skip":
            line = line_number + data[: error.start].count(b"\n") + 1
            raise DataError(
                f"{source.name}, line {line}: is not UTF-8 (byte 0x{data[error.start]:02x})",
                hint="read it with --encoding auto, or leave such lines out with --on-error skip",
            ) from error
        texts = [_line_or_nothing(line, account) for line in data.split(b"\n")]
    if b"\r" in data:
        texts = [text.removesuffix("\r") for text in texts]
    return texts[: len(lines.full)]


def _line_or_nothing(line: bytes, account: Account) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        account.drop("sentences.bad_encoding")
        account.count(sentences=1)
        return ""


def _runs(stream: IO[bytes], size: int, name: str) -> Iterator[bytes]:
    """Yield ``size`` bytes of the stream, or what there is, as runs of whole lines."""
    pending: list[bytes] = []
    while size > 0:
        chunk = read_some(stream, min(CHUNK, size), name)
        if not chunk:
            break
        size -= len(chunk)
        border = chunk.rfind(b"\n") + 1
        if border:
            yield b"".join([*pending, chunk[:border]])
            pending = []
        pending.append(chunk[border:])
    if any(pending):
        yield b"".join(pending)


class _Cursor:
    """The stream read last, kept open: a compressed file cannot be entered in its middle, and the next
    piece that this process reads most often lies a little further on in the same file."""

    def __init__(self) -> None:
        self._source: Input | None = None
        self._stack = contextlib.ExitStack()
        self.position = 0

    def at(self, source: Input, offset: int) -> IO[bytes]:
        """Return the stream of ``source``, standing at ``offset``."""
        if source != self._source or self.position > offset:
            self._stack.close()
            self._source, self.position = source, 0
            self._stream = self._stack.enter_context(open_text(source))
        if isinstance(self._stream, io.BufferedReader):
            self._stream.seek(offset)
        else:
            self._skip(offset - self.position, source.name)
        self.position = 1 << 62  # until the piece has been read whole, nobody knows
        return self._stream

    def _skip(self, size: int, name: str) -> None:
        while size > 0:
            data = read_some(self._stream, min(CHUNK, size), name)
            if not data:
                raise DataError(f"{name}: is shorter than when it was planned", hint="run again with --overwrite")
            size -= len(data)


_CURSOR = _Cursor()


def _read_rows(source: Input, piece: Piece, read: ReadConfig, account: Account) -> Iterator[pa.RecordBatch]:
    with open(source.path, "rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != piece.sha256:
            raise DataError(f"{source.name}: has changed since it was planned", hint="run again with --overwrite")
    _, batches = open_rows(source, text_key=read.text_key)
    row = 0
    for batch in batches:
        start, stop = max(piece.start - row, 0), min(piece.stop - row, batch.num_rows)
        if start < stop:
            yield _named(batch.slice(start, stop - start), source, row + start)
        row += batch.num_rows
        if row >= piece.stop:
            return


def _named(batch: pa.RecordBatch, source: Input, first: int) -> pa.RecordBatch:
    """Give documents of a foreign table names of their own."""
    if batch.num_rows == 0 or batch.column("doc")[0].as_py():
        return batch
    names = pa.array([f"{source.name}:{first + i + 1}" for i in range(batch.num_rows)], pa.string())
    return batch.set_column(0, schema.TEXT.field("doc"), names)
