"""Readers and writers of corpora, as simple as can be: what the fast ones are compared with."""

from __future__ import annotations

import bz2
import functools
import gzip
import json
import lzma
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from zhprep.core.corpus import Corpus, ReadConfig, find_inputs, read_block, scan
from zhprep.core.report import Account

COMPRESS = {
    "": lambda data: data,
    ".gz": functools.partial(gzip.compress, mtime=0),  # the same bytes in every process of a test run
    ".bz2": lambda data: bz2.compress(data, 1),  # in blocks of 100 kB
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor().compress,
}

DOCUMENTS = [
    ["春天来了。", "山上的雪化了，河水涨起来了。"],
    ["The quick brown fox, 3D打印 and T恤。"],
    ["“走吧，”她说。", "　　他没有动。", "𠮷野家在哪儿？"],
    ["一\u2028二\u0085三\x0b四"],
    ["0 1 2", "\ufeff带标记的行"],
]


def plain_documents(data: bytes, *, line_is_document: bool = False) -> list[list[str]]:
    """Return the documents of a text file."""
    documents: list[list[str]] = []
    inside = False
    for line in data.decode().split("\n"):
        line = line[:-1] if line.endswith("\r") else line
        if not line.strip(" \t\r\v\f\u3000"):
            inside = False
            continue
        if line_is_document or not inside:
            documents.append([])
        documents[-1].append(line)
        inside = True
    return documents


def text_of(documents: list[list[str]]) -> bytes:
    return "\n\n".join("\n".join(lines) for lines in documents).encode() + b"\n"


def jsonl_of(documents: list[list[str]], key: str = "text") -> bytes:
    return "".join(json.dumps({key: "\n".join(lines)}, ensure_ascii=False) + "\n" for lines in documents).encode()


def write_parquet(path: Path, documents: list[list[str]], key: str = "text", **options: object) -> None:
    pq.write_table(pa.table({"id": range(len(documents)), key: ["\n".join(d) for d in documents]}), path, **options)


def write_arrow(path: Path, table: pa.Table, *, stream: bool, rows: int = 2) -> None:
    new = pa.ipc.new_stream if stream else pa.ipc.new_file
    with new(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=rows)


def corpus_of(*paths: Path, block_size: int | None = None, **read: object) -> Corpus:
    config = ReadConfig(**read)
    return scan(find_inputs(tuple(map(str, paths)), encoding=config.encoding), config, block_size=block_size)


def read_all(corpus: Corpus, account: Account | None = None) -> list[tuple[str, list[str]]]:
    """Return the names and lines of all documents of all blocks."""
    account = Account() if account is None else account
    return [
        (name, lines)
        for block in corpus.blocks
        for batch in read_block(corpus, block, account)
        for name, lines in zip(batch.column("doc").to_pylist(), batch.column("sentences").to_pylist(), strict=True)
    ]


def lines_of(corpus: Corpus, account: Account | None = None) -> list[list[str]]:
    return [lines for _, lines in read_all(corpus, account)]
