"""Read a block as record batches of whole documents.

Gives ``text`` batches for line formats (``doc`` is ``name:number``, counted from 1; ``sentences`` are
the raw lines that are not blank) and the table itself for zhprep tables. Lines of segmented text come
as ``text`` too: whoever knows the words' form splits them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pyarrow as pa

from zhprep.core.corpus.documents import LineDocuments
from zhprep.core.corpus.formats import RowHash, counted, open_rows, runs
from zhprep.core.corpus.inputs import LINE_FORMATS, Damaged, Input, Stream, borrowed, open_text
from zhprep.core.corpus.pieces import Piece, ReadConfig
from zhprep.core.corpus.plan import Block, Corpus
from zhprep.core.errors import DataError
from zhprep.core.report import Account


def read_block(corpus: Corpus, block: Block, account: Account) -> Iterator[pa.RecordBatch]:
    """Yield the documents of ``block`` in order, counting them.

    Raises ``DataError`` when what is read is not what was planned, or is not readable text.
    """
    for piece in block.pieces:
        source = corpus.inputs[piece.input]
        account.change("documents.cut", piece.cuts)
        account.change("lines.cut", piece.line_cuts)
        read = _read_lines if source.format in LINE_FORMATS else _read_rows
        yield from read(source, piece, corpus.read, account)


def read_stream(source: Input, stream: Stream, read: ReadConfig, account: Account) -> Iterator[pa.RecordBatch]:
    """Yield the documents of a line format, as a stream of UTF-8 that is read once, from its beginning to its end."""
    documents = LineDocuments(source, read, account)
    try:
        for data in runs(stream, text=source.format == "text", salvage=read.skip):
            yield from documents.take(data)
    except Damaged:
        if not read.skip:
            raise
        account.drop("inputs.damaged")
    yield from documents.rest()
    account.change("documents.cut", documents.cuts)
    account.change("lines.cut", documents.line_cuts)


def read_input(source: Input, read: ReadConfig, account: Account) -> Iterator[pa.RecordBatch]:
    """Yield the documents of a file of any format, read once."""
    if source.format in LINE_FORMATS:
        with open_text(source) as stream:
            yield from read_stream(source, stream, read, account)
        return
    try:
        rows = open_rows(source, text_key=read.text_key)
        for batch in rows.batches:
            yield from counted(batch, account, whole=rows.ours)
    except Damaged:
        if not read.skip:
            raise
        account.drop("inputs.damaged")


def _read_lines(source: Input, piece: Piece, read: ReadConfig, account: Account) -> Iterator[pa.RecordBatch]:
    digest = hashlib.sha256()
    documents = LineDocuments(source, read, account, piece)
    with borrowed(source, piece.start) as stream:
        for data in runs(stream, text=source.format == "text", size=piece.stop - piece.start):
            digest.update(data)
            yield from documents.take(data)
        yield from documents.rest()
    _check_same(source, piece, digest.hexdigest())


def _read_rows(source: Input, piece: Piece, read: ReadConfig, account: Account) -> Iterator[pa.RecordBatch]:
    digest = RowHash()
    rows = open_rows(source, text_key=read.text_key, start=piece.start, stop=piece.stop)
    for batch in rows.batches:
        digest.update(batch)
        yield from counted(batch, account, whole=rows.ours)
    _check_same(source, piece, digest.hexdigest())


def _check_same(source: Input, piece: Piece, sha256: str) -> None:
    if sha256 != piece.sha256:
        raise DataError(f"{source.name}: has changed since it was planned", hint="run again with --overwrite")
