"""Cut the inputs into blocks of whole documents, by a rule of the inputs and the block size alone.

The inputs are read once. A *piece* is a run of whole documents of one file; consecutive pieces make
a *block*; a block becomes a shard. Pieces carry the sha256 of what is in them, so that whoever
reads one later knows that it is what was planned.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import numpy as np

from zhprep.core.corpus.inputs import CHUNK, Damaged, Hash, Input, open_text, read_some
from zhprep.core.corpus.lines import LineScanner, weight
from zhprep.core.corpus.rows import open_rows, row_weights
from zhprep.core.corpus.wordform import looks_segmented
from zhprep.core.errors import DataError

DEFAULT_BLOCK = 64 << 20
LEAST_BLOCKS = 16
FINE_PIECE = 1 << 19
LINE_LIMIT = 64 << 20


@dataclass(frozen=True)
class ReadConfig:
    """How inputs are read: what the user said about their form."""

    text_key: str = "text"
    one_doc_per_line: bool = False
    encoding: str = "utf-8"
    on_error: str = "fail"
    form: str = "auto"


@dataclass
class Piece:
    """A run of whole documents of one input.

    ``start`` and ``stop`` are byte offsets in the uncompressed UTF-8 stream, or rows of a row format.
    """

    input: int
    start: int
    stop: int
    first_document: int
    documents: int
    first_line: int
    weight: int
    sha256: str
    lines: int = 0


@dataclass
class Block:
    """What becomes one shard."""

    pieces: list[Piece]


@dataclass
class Corpus:
    """The inputs, what they hold and how they are cut; as JSON, the heart of ``plan.json``."""

    inputs: list[Input]
    facts: list[dict[str, Any]]
    tables: list[str]
    blocks: list[Block]
    read: ReadConfig = field(default_factory=ReadConfig)

    @property
    def table(self) -> str:
        """The table that all inputs hold: ``text``, ``words`` or ``pinyin``."""
        return self.tables[0] if self.tables else "text"

    def as_dict(self) -> dict[str, Any]:
        """Return the plan as plain values: names and hashes, never where files lie on this machine."""
        inputs = [
            {"name": source.name, "format": source.format, "table": table, **facts}
            for source, table, facts in zip(self.inputs, self.tables, self.facts, strict=True)
        ]
        return {
            "inputs": inputs,
            "read": asdict(self.read),
            "blocks": [[asdict(piece) for piece in block.pieces] for block in self.blocks],
        }


def scan(inputs: list[Input], read: ReadConfig, *, block_size: int | None = None) -> Corpus:
    """Read every input once and cut the corpus.

    Without ``block_size`` a block holds 64 MiB of text, or a sixteenth of the corpus if that is less,
    so that a small corpus, too, gives every core something to do.

    Raises ``DataError`` for input that is empty, damaged or not text.
    """
    corpus = Corpus(inputs, [], [], [], read)
    pieces: list[Piece] = []
    total = 0
    for index, source in enumerate(inputs):
        digest = hashlib.sha256()
        scanner = _LinePieces(index, source, read) if source.format in ("text", "jsonl") else _RowPieces(index, source, read)
        size = block_size or (FINE_PIECE if total < LEAST_BLOCKS * DEFAULT_BLOCK else DEFAULT_BLOCK)
        for piece in scanner.pieces(size, digest):
            pieces.append(piece)
            total += piece.weight
        size_of_file = Path(source.path).stat().st_size
        corpus.facts.append({"bytes": size_of_file, "sha256": digest.hexdigest(), "damaged": scanner.damaged})
        corpus.tables.append(scanner.table)
    _check(corpus, pieces)
    target = block_size or min(DEFAULT_BLOCK, max(FINE_PIECE, -(-total // LEAST_BLOCKS)))
    corpus.blocks = list(_group(pieces, target))
    return corpus


def _check(corpus: Corpus, pieces: list[Piece]) -> None:
    names = ", ".join(source.name for source in corpus.inputs[:3]) + (" …" if len(corpus.inputs) > 3 else "")
    if not pieces:
        raise DataError(f"{names}: no document in the input", hint="the files are empty or hold only blank lines")
    if len(set(corpus.tables)) > 1:
        raise DataError(f"{names}: the inputs hold different tables ({', '.join(sorted(set(corpus.tables)))})", hint="give one kind at a time")


def _group(pieces: list[Piece], target: int) -> Iterator[Block]:
    held: list[Piece] = []
    for piece in pieces:
        held.append(piece)
        if sum(p.weight for p in held) >= target:
            yield Block(held)
            held = []
    if held:
        yield Block(held)


class _LinePieces:
    """Cuts a line format where a document begins and enough text has passed."""

    def __init__(self, index: int, source: Input, read: ReadConfig) -> None:
        self._index = index
        self._source = source
        self._read = read
        self.damaged = ""
        self.table = "text"

    def pieces(self, size: int, digest: Hash) -> Iterator[Piece]:
        scanner = LineScanner(line_is_document=self._source.format == "jsonl" or self._read.one_doc_per_line)
        piece, hashed, offset = Piece(self._index, 0, 0, 0, 0, 0, 0, ""), hashlib.sha256(), 0
        for data in self._runs(digest):
            if offset == 0:
                self.table = self._form(data)
            lines = scanner.scan(data)
            begins = lines.starts[lines.begins]
            cuts = _cuts(data, begins.tolist(), piece.weight, size)
            for start, stop in pairwise([0, *cuts, len(data)]):
                if start in cuts:
                    piece.stop, piece.sha256 = offset + start, hashed.hexdigest()
                    yield piece
                    piece, hashed = _after(piece), hashlib.sha256()
                hashed.update(data[start:stop])
                piece.weight += weight(data[start:stop])
                piece.documents += int(np.count_nonzero((begins >= start) & (begins < stop)))
                piece.lines += data.count(b"\n", start, stop)
            offset += len(data)
        if piece.documents:
            piece.stop, piece.sha256 = offset, hashed.hexdigest()
            yield piece

    def _runs(self, digest: Hash) -> Iterator[bytes]:
        """Yield the stream as runs of whole lines."""
        pending: list[bytes] = []
        with open_text(self._source, digest) as stream:
            while chunk := self._chunk(stream):
                border = chunk.rfind(b"\n") + 1
                if border:
                    yield self._valid(b"".join([*pending, chunk[:border]]))
                    pending = []
                pending.append(chunk[border:])
                if sum(map(len, pending)) > LINE_LIMIT:
                    raise DataError(f"{self._source.name}: a line is longer than {LINE_LIMIT >> 20} MiB", hint="put line ends into the text")
            if any(pending):
                yield self._valid(b"".join(pending))

    def _chunk(self, stream: IO[bytes]) -> bytes:
        try:
            return read_some(stream, CHUNK, self._source.name)
        except Damaged as error:
            if self._read.on_error != "skip":
                raise
            self.damaged = str(error)
            return b""

    def _valid(self, data: bytes) -> bytes:
        """Refuse bytes that are not UTF-8 before anything is written."""
        if self._read.on_error != "skip":
            try:
                data.decode()
            except UnicodeDecodeError as error:
                raise DataError(
                    f"{self._source.name}, line {self._bad_line()}: is not UTF-8 (byte 0x{data[error.start]:02x}: {error.reason})",
                    hint="read it with --encoding auto, or leave such lines out with --on-error skip",
                ) from error
        return data

    def _bad_line(self) -> int:
        """Count to the first line that is not UTF-8: a second reading, now that it matters."""
        with open_text(self._source) as stream:
            for number, line in enumerate(io.BufferedReader(stream), 1):  # type: ignore[type-var]
                try:
                    line.decode()
                except UnicodeDecodeError:
                    return number
        return 0

    def _form(self, data: bytes) -> str:
        if self._source.format == "jsonl":
            return "text"
        if self._read.form != "auto":
            return self._read.form
        return "words" if looks_segmented(data[: 1 << 18].decode(errors="ignore")) else "text"


class _RowPieces:
    """Cuts a row format between rows."""

    damaged = ""

    def __init__(self, index: int, source: Input, read: ReadConfig) -> None:
        self._index = index
        self._source = source
        self._read = read
        self.table = "text"

    def pieces(self, size: int, digest: Hash) -> Iterator[Piece]:
        with open(self._source.path, "rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
        self.table, batches = open_rows(self._source, text_key=self._read.text_key)
        piece = Piece(self._index, 0, 0, 0, 0, 0, 0, digest.hexdigest())
        for weight_of_row in (amount for batch in batches for amount in row_weights(batch)):
            if piece.weight >= size:
                yield piece
                piece = _after(piece)
                piece.sha256 = digest.hexdigest()
            piece.stop += 1
            piece.documents += 1
            piece.lines += 1
            piece.weight += weight_of_row
        if piece.documents:
            yield piece


def _after(piece: Piece) -> Piece:
    """Return the empty piece that begins where ``piece`` stops."""
    return Piece(
        piece.input, piece.stop, piece.stop, piece.first_document + piece.documents, 0, piece.first_line + piece.lines, 0, ""
    )


def _cuts(data: bytes, begins: list[int], held: int, size: int) -> list[int]:
    """Return the offsets in ``data`` at which a piece that holds ``held`` already is full."""
    if held + len(data) < size:
        return []
    cuts, last = [], 0
    for begin in begins:
        held += weight(data[last:begin])
        last = begin
        if held >= size:
            cuts.append(begin)
            held = 0
    return cuts
