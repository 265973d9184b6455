"""Do a chain without a folder: documents in at one end, out at the other, in order and in bounded memory."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import IO, Any

import pyarrow as pa

from zhprep.core import arrow
from zhprep.core.corpus import Input, ReadConfig, read_input, read_stream
from zhprep.core.corpus.formats import open_rows
from zhprep.core.corpus.inputs import STDIN, Stream, check_promise
from zhprep.core.errors import DataError, UsageError
from zhprep.core.executors import EXECUTORS, Killed
from zhprep.core.progress import NO_PROGRESS, Progress
from zhprep.core.report import Account
from zhprep.run.chain import Chain
from zhprep.segment.cuts import from_column
from zhprep.segment.wordlines import format_lines

FEW = 4
"""Batches (of about 1 MiB) below which starting worker processes does not pay."""


def stream_documents(
    sources: list[Input], stdin: Stream | None, read: ReadConfig, account: Account
) -> Iterator[pa.RecordBatch]:
    """Yield the documents of all inputs; ``-`` is read from ``stdin`` as it comes."""
    for source in sources:
        if stdin is not None and source.path == STDIN:
            yield from read_stream(source, stdin, read, account)
        else:
            yield from read_input(source, read, account)


def held_table(sources: list[Input], read: ReadConfig) -> tuple[str, bool]:
    """Return the table that streamed inputs hold and whether they are lines; lines are text unless said otherwise."""
    tables = [source for source in sources if source.format in ("parquet", "arrow")]
    for source in tables:
        check_promise(source)
    rows = {open_rows(source, text_key=read.text_key).table for source in tables}
    if len(rows) > 1:
        raise UsageError(
            f"the inputs hold different tables ({', '.join(sorted(rows))})", hint="give one kind at a time"
        )
    return (rows.pop(), False) if rows else ("words" if read.form == "words" else "text", True)


def run_stream(
    chain: Chain, batches: Iterator[pa.RecordBatch], form: str, sink: IO[bytes], account: Account, *, workers: int,
    progress: Progress = NO_PROGRESS,
) -> str:  # fmt: skip
    """Write what ``chain`` makes of ``batches`` to ``sink`` as ``txt``, ``jsonl`` or ``arrow``.

    Returns the sha256 of the bytes written.
    """
    first = list(itertools.islice(batches, FEW))
    executor = EXECUTORS["processes" if workers > 1 and len(first) == FEW else "inline"]
    digest = hashlib.sha256()
    make = _Maker(chain, form)
    if form == "arrow":
        digest.update(_begin_arrow(chain, sink))
    with progress.of(0, "batches") as bar:  # how many there will be nobody knows
        for result in executor(make, itertools.chain(first, batches), workers, bar.tick):
            if isinstance(result, Killed):
                raise _told(result)
            data, part = result
            account.add(part)
            digest.update(data)
            sink.write(data)
            bar.advance(1, documents=part.counts["documents_out"], characters=part.counts["characters"])
    if form == "arrow":
        digest.update(_END_OF_STREAM)
        sink.write(_END_OF_STREAM)
    return digest.hexdigest()


def _told(killed: Killed) -> DataError:
    """Return the error for a batch of documents that no process outlived."""
    names = killed.item["doc"]
    return DataError(
        f"documents {names[0]} to {names[-1]}: each process that works on them is killed ({killed.how})",
        hint="with more memory run the command again; with -o FOLDER --on-kill skip the document is found and left out",
    )


_END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"


def _begin_arrow(chain: Chain, sink: IO[bytes]) -> bytes:
    head: bytes = chain.schema().serialize().to_pybytes()
    sink.write(head)
    return head


@dataclass
class _Maker:
    """The function that workers run on a batch: the stages and the form."""

    chain: Chain
    form: str

    def __call__(self, batch: pa.RecordBatch) -> tuple[bytes, Account]:
        account = Account()
        done = self.chain.do(batch, account)
        return (_FORMS[self.form](done) if done.num_rows else b""), account


def _as_lines(batch: pa.RecordBatch) -> bytes:
    """Sentences a line each, a blank line after each document; words with one space between them."""
    column = batch.column("sentences")
    if "syllables" in batch.schema.names:
        documents = _read_aloud(column.to_pylist(), batch.column("syllables").to_pylist())
        return "".join("\n".join(sentences) + "\n\n" for sentences in documents).encode()
    sentences = arrow.items(column)
    lines = (
        format_lines(sentences, from_column(batch["ends"])) if "ends" in batch.schema.names else sentences.to_pylist()
    )
    borders = (column.offsets.to_numpy() - column.offsets[0].as_py()).tolist()
    return "".join("\n".join(lines[start:stop]) + "\n\n" for start, stop in pairwise(borders)).encode()


def _read_aloud(documents: list[list[str]], syllables: list[list[list[int]]]) -> list[list[str]]:
    """Put the syllable of each character in its place; a character that has none stands for itself."""
    from zhprep.pinyin.syllables import names  # takes a while: for those who need it

    known = names()
    return [
        [
            " ".join(known[s] if s else c for c, s in zip(text, row, strict=True))
            for text, row in zip(*pair, strict=True)
        ]
        for pair in zip(documents, syllables, strict=True)
    ]


def _as_jsonl(batch: pa.RecordBatch) -> bytes:
    rows: list[dict[str, Any]] = batch.to_pylist()
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _as_arrow(batch: pa.RecordBatch) -> bytes:
    serialized: bytes = batch.serialize().to_pybytes()
    return serialized


_FORMS = {"txt": _as_lines, "jsonl": _as_jsonl, "arrow": _as_arrow}
