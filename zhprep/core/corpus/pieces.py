"""Cut one input into pieces: runs of whole documents that hold about as much text each.

A piece carries the sha256 of what is in it, so that whoever reads it later knows that it is what was
planned.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.core.corpus.formats import (
    Columns,
    Ints,
    Lines,
    LineScanner,
    RowHash,
    check_columns,
    first_undecodable,
    looks_segmented,
    open_rows,
    parts,
    row_weights,
    runs,
)
from zhprep.core.corpus.inputs import Damaged, Hash, Input, check_promise, open_file, open_text, streams
from zhprep.core.errors import DataError

Item = TypeVar("Item")

_END: Any = object()

_FORM_SAMPLE = 1 << 18


@dataclass(frozen=True)
class ReadConfig:
    """How inputs are read: what the user said about their form."""

    text_key: str = "text"
    one_doc_per_line: bool = False
    encoding: str = "utf-8"
    on_error: str = "fail"
    form: str = "auto"
    columns: str = ""

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns of a ``.tsv`` that hold text."""
        return tuple(name.strip() for name in self.columns.split(",") if name.strip())

    @property
    def skip(self) -> bool:
        """Whether what cannot be read is left out and counted."""
        return self.on_error == "skip"


@dataclass
class Piece:
    """A run of whole documents of one input.

    ``start`` and ``stop`` are byte offsets in the uncompressed UTF-8 stream, or rows of a row format;
    ``cuts`` is how many of the documents are the rest of one that was too long, ``line_cuts`` how many of the lines
    are the rest of one.
    """

    input: int
    start: int
    stop: int
    first_document: int = 0
    documents: int = 0
    first_line: int = 0
    lines: int = 0
    weight: int = 0
    cuts: int = 0
    line_cuts: int = 0
    sha256: str = ""


class _Pieces:
    """What is cut: the piece that is growing, and what has been found out about the input."""

    unit = "line"
    new_digest: Callable[[], Hash] = hashlib.sha256

    def __init__(self, index: int, source: Input, read: ReadConfig) -> None:
        check_columns(source, read.column_names)
        self._source = source
        self._read = read
        self._piece = Piece(index, 0, 0)
        self._digest = self.new_digest()
        self.size = 1
        self.damaged = ""
        self.table = "text"

    def _finish(self) -> Piece:
        """Return the piece as it is and begin the next where it stops."""
        done = replace(self._piece, sha256=self._digest.hexdigest())
        self._digest = self.new_digest()
        self._piece = Piece(
            done.input,
            done.stop,
            done.stop,
            first_document=done.first_document + done.documents,
            first_line=done.first_line + done.lines,
        )
        return done

    def _note(self, damage: Damaged) -> None:
        """Remember damage if what comes after it may be left out, else raise it with its place."""
        lines = self._piece.first_line + self._piece.lines
        told = Damaged(f"{damage}, after {self.unit} {lines}", hint=damage.hint)
        if not self._read.skip:
            raise told from damage
        self.damaged = str(told)


class LinePieces(_Pieces):
    """Cuts a line format where a document begins and ``size`` of text has passed."""

    def pieces(self, digest: Hash) -> Iterator[Piece]:
        """Yield the pieces in order; feed ``digest`` the bytes of the file."""
        scanner = scanner_of(self._source, self._read)
        with open_text(self._source, digest) as stream:
            try:
                found = self._checked(runs(stream, text=self._source.format == "text", salvage=self._read.skip))
                with contextlib.closing(one_ahead(found)) as coming:
                    for data, undecodable_at in coming:
                        if self._piece.stop == 0:
                            self.table = self._form(data)
                        lines = scanner.scan(data)
                        self._check(data, lines, undecodable_at)
                        yield from self._cut(data, lines)
            except Damaged as damage:
                self._note(damage)
        if self._piece.documents:
            yield self._finish()

    def _cut(self, data: bytes, lines: Lines) -> Iterator[Piece]:
        upto = np.concatenate(([0], np.cumsum(lines.weights)))
        first = 0
        for line in _borders(upto, np.flatnonzero(lines.begins), self._piece.weight, self.size):
            self._take(data, lines, first, line)
            yield self._finish()
            first = line
        self._take(data, lines, first, len(lines.starts))

    def _take(self, data: bytes, lines: Lines, first: int, last: int) -> None:
        """Let the piece grow by the rows ``[first, last)``, of ``weights`` ``int64[N]``."""
        start, stop = (int(lines.starts[line]) if line < len(lines.starts) else len(data) for line in (first, last))
        self._digest.update(memoryview(data)[start:stop])
        piece = self._piece
        if lines.goes_on and first == 0 < last:
            piece.line_cuts += 1
            if piece.lines:
                piece.lines -= 1
            else:  # who reads the piece alone takes the rest of the line for one
                piece.first_line -= 1
        piece.stop += stop - start
        piece.lines += last - first
        piece.documents += int(np.count_nonzero(lines.begins[first:last]))
        piece.cuts += sum(first <= line < last for line in lines.cuts)
        piece.weight += int(lines.weights[first:last].sum())

    def _checked(self, found: Iterator[bytes]) -> Iterator[tuple[bytes, int | None]]:
        """Yield each run with the place that cannot be decoded: to be refused before anything is written."""
        for data in found:
            yield data, None if self._read.skip else first_undecodable(data)

    def _check(self, data: bytes, lines: Lines, undecodable_at: int | None) -> None:
        """Raise ``DataError`` for the first line that is too long or is not text, unless such lines are left out."""
        if self._read.skip:
            return
        before = self._piece.first_line + self._piece.lines - lines.goes_on
        for line in too_long(self._source, lines):
            raise overlong(self._source, before + line + 1)
        if undecodable_at is not None:
            line = before + data.count(b"\n", 0, undecodable_at) + 1
            raise undecodable(self._source, line, data[undecodable_at], self._read.encoding)

    def _form(self, data: bytes) -> str:
        if self._source.format == "tsv":
            Columns.of(self._source, data.partition(b"\n")[0], self._read.column_names)
        if self._source.format != "text":
            return "text"
        if self._read.form != "auto":
            return self._read.form
        return "words" if looks_segmented(data[:_FORM_SAMPLE].decode(errors="ignore")) else "text"


class RowPieces(_Pieces):
    """Cuts a row format between rows."""

    unit = "row"
    new_digest = RowHash

    def pieces(self, digest: Hash) -> Iterator[Piece]:
        """Yield the pieces in order; feed ``digest`` the bytes of the file."""
        with open_file(self._source.path) as file:
            while chunk := file.read(streams.CHUNK):
                digest.update(chunk)
        check_promise(self._source, digest.hexdigest())
        try:
            rows = open_rows(self._source, text_key=self._read.text_key)
            self.table = rows.table
            for batch in rows.batches:
                yield from self._cut(batch)
        except Damaged as damage:
            self._note(damage)
        if self._piece.documents:
            yield self._finish()

    def _cut(self, batch: pa.RecordBatch) -> Iterator[Piece]:
        weights = row_weights(batch)
        upto = np.concatenate(([0], np.cumsum(weights)))
        first = 0
        for row in _borders(upto, np.arange(batch.num_rows), self._piece.weight, self.size):
            self._take(batch, weights, first, row)
            yield self._finish()
            first = row
        self._take(batch, weights, first, batch.num_rows)

    def _take(self, batch: pa.RecordBatch, weights: Ints, first: int, last: int) -> None:
        """Let the piece grow by the rows ``[first, last)``, whose ``weights`` are ``int64[N]``."""
        self._digest.update(batch.slice(first, last - first))
        piece = self._piece
        piece.stop += last - first
        piece.lines += last - first
        piece.documents += last - first
        piece.weight += int(weights[first:last].sum())


def scanner_of(source: Input, read: ReadConfig, *, begin: bool = True, weighing: bool = True) -> LineScanner:
    """Return what finds the documents of a line format from its ``begin``ning, or from the beginning of a piece."""
    text = source.format == "text"
    header = begin and source.format == "tsv"
    return LineScanner(line_is_document=not text or read.one_doc_per_line, text=text, weighing=weighing, header=header)


def too_long(source: Input, lines: Lines) -> list[int]:
    """Return which lines are longer than can be held whole; lines of text need not be."""
    if source.format == "text":
        return []
    return np.flatnonzero(lines.stops - lines.starts > parts.LINE_LIMIT).tolist()


def overlong(source: Input, line: int) -> DataError:
    """Return the error for a line that is too long to be held whole."""
    return DataError(
        f"{source.name}, line {line}: is longer than {parts.LINE_LIMIT >> 20} MiB",
        hint="divide what it holds among several lines, or leave such lines out with --on-error skip",
    )


def undecodable(source: Input, line: int, byte: int, asked: str) -> DataError:
    """Return the error for a line that is not in the encoding of its file, where ``asked`` was said to be it."""
    which = f" (byte 0x{byte:02x})" if source.encoding == "utf-8" else ""
    other = "leave"
    if asked == "auto":  # it looks at the first bytes, which may all be ASCII
        other = f"say what it is (--encoding {'gb18030' if source.encoding != 'gb18030' else 'big5'}), or leave"
    elif source.encoding == "utf-8":
        other = "read it with --encoding auto, or leave"
    return DataError(
        f"{source.name}, line {line}: is not {source.encoding}{which}",
        hint=f"{other} such lines out with --on-error skip",
    )


def _borders(upto: Ints, heads: npt.NDArray[np.intp], held: int, size: int) -> Iterator[int]:
    """Yield the heads (``int64[H]``) at which a piece is full, the first having ``held`` so much before line 0;
    ``upto`` is ``int64[N + 1]``."""
    before = -held
    while True:
        place = int(np.searchsorted(upto[heads], before + size))
        if place == len(heads):
            return
        yield int(heads[place])
        before = int(upto[heads[place]])


def one_ahead(items: Iterator[Item]) -> Generator[Item, None, None]:
    """Yield ``items``, the next of which a thread makes meanwhile; what making one raises is raised here in its turn.

    It pays where most of the work is done by code that lets go of Python's lock: hashes, decompression, arrays.
    The thread is gone when the generator is closed or has come to its end.
    """
    from concurrent.futures import ThreadPoolExecutor  # for those who plan

    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, items, _END)
        while (item := coming.result()) is not _END:
            coming = thread.submit(next, items, _END)
            yield cast(Item, item)
