"""Find the input files, say what they are and open them as one uncompressed stream of bytes.

Formats are told by extension and confirmed by magic bytes: ``.txt .jsonl .tsv .parquet .arrow``, each also
``.gz .zst .xz .bz2`` (Parquet and Arrow uncompressed only); ``-`` is standard input. What has no
extension that says it (standard input, for one) is told by its first bytes.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import IO, cast

from zhprep.core.corpus.inputs.contents import check_json_lines, format_of, sample_of, text_encoding
from zhprep.core.corpus.inputs.folders import FORMATS, check_is_there, files_in, is_hidden, is_readable_name
from zhprep.core.corpus.inputs.given import Given
from zhprep.core.corpus.inputs.names import told_apart
from zhprep.core.corpus.inputs.promises import Promises
from zhprep.core.corpus.inputs.remote import find_remote, is_remote, open_file
from zhprep.core.corpus.inputs.streams import (
    CHUNK,
    COMPRESSIONS,
    STDIN,
    Decompressed,
    Hash,
    Hashed,
    Named,
    Prefixed,
    Recoded,
    Stream,
)
from zhprep.core.errors import DataError, UsageError
from zhprep.core.registry import nearest

_STDIN = "standard input"
"""How an error of reading it calls it."""

PLAN_SUFFIX = ".plan.json"
"""How the name of a kept plan of a corpus ends."""

_MAGIC = re.compile(
    rb"(?P<gz>\x1f\x8b)|(?P<zst>\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18)"
    rb"|(?P<xz>\xfd7zXZ\x00)|(?P<bz2>BZh[1-9](?:1AY&SY|\x17rE8P\x90))"
)
LINE_FORMATS = ("text", "jsonl", "tsv")
"""Formats that are lines of text; the others are rows of a table."""


@dataclass(frozen=True)
class Input:
    """One input file: where it is, its format and its compression (``""`` for none).

    ``path`` is where the bytes lie now (a spool file for standard input); ``name`` is what documents
    are named after; ``sha256``, where a manifest of ours promises one, is what the bytes must have.
    """

    path: str
    name: str
    format: str
    compression: str = ""
    encoding: str = "utf-8"
    sha256: str = ""


@dataclass(frozen=True)
class File:
    """A file that is read, or :data:`STDIN`; ``name`` and ``sha256`` as of an :class:`Input`."""

    path: str
    name: str
    sha256: str = ""

    def described(self, encoding: str) -> Input:
        """Say what it is, by its name and its first bytes."""
        return describe(self.path, encoding=encoding, name=self.name, sha256=self.sha256)


def find_inputs(arguments: tuple[str, ...], *, encoding: str = "utf-8") -> list[Input]:
    """Return what the files of files, folders and globs are.

    Raises as :func:`find_files`, and ``DataError`` for a file that is not readable text.
    """
    return [file.described(encoding) for file in find_files(arguments)]


def find_files(arguments: tuple[str, ...]) -> list[File]:
    """Expand files, folders and globs, in a fixed order.

    Files are named by their name, those of a folder by their path in it; where several would have one name, by their
    path below the folder that holds all of these. Raises ``UsageError`` for a path that does not exist and for a file
    that two arguments give, ``DataError`` for one that lies in an unfinished folder of ours.
    """
    promises = Promises()
    found: list[tuple[str, str]] = []
    given = Given()
    for argument in arguments or (STDIN,):
        files = _expand(argument, promises)
        if len(arguments) > 1:
            given.add(argument, [path for path, _ in files])
        found += files
    paths, names = [path for path, _ in found], [name for _, name in found]
    shas = ["" if path == STDIN else promises.sha256_of(path) for path in paths]
    return [File(*file) for file in zip(paths, told_apart(paths, names), shas, strict=True)]


def describe(path: str, *, encoding: str = "utf-8", name: str | None = None, sha256: str = "") -> Input:
    """Say what the file at ``path`` is, by its name and its first bytes."""
    head = _head(path)
    compression, named = _compression(path, head)
    with open_decompressed(Input(path, path, "", compression)) as stream:
        sample = sample_of(stream)
    kind = named or format_of(sample)
    if kind in ("parquet", "arrow"):
        if compression:
            raise DataError(
                f"{path}: compressed {kind} is not read", hint="decompress it; both formats compress inside"
            )
    else:
        encoding = text_encoding(path, sample, encoding)
    if kind == "jsonl":
        check_json_lines(path, sample, encoding)
    name = (
        (name or Path(path).name).encode("utf-8", "backslashreplace").decode()
    )  # a name need not be text; a document's must
    return Input(path, name, kind, compression, encoding, sha256)


def open_stdin(stream: IO[bytes], *, encoding: str = "utf-8") -> tuple[Input, Stream]:
    """Say what comes on standard input, and return it as a stream of UTF-8 that is read once."""
    named = Named(stream, _STDIN)
    head = named.read(16)
    compression, _ = _compression(STDIN, head)
    raw: Stream = Prefixed(head, named)
    if compression:
        raw = Decompressed(raw, compression, STDIN)
    sample = sample_of(raw)
    kind = format_of(sample)
    if kind in ("parquet", "arrow"):
        raise UsageError(f"{STDIN}: {kind} cannot be read from a pipe here", hint="give the file by its name")
    encoding = text_encoding(STDIN, sample, encoding)
    if kind == "jsonl":
        check_json_lines(STDIN, sample, encoding)
    whole: Stream = Prefixed(sample, raw)
    return Input(STDIN, STDIN, kind, compression, encoding), whole if encoding == "utf-8" else Recoded(whole, encoding)


@contextlib.contextmanager
def open_decompressed(source: Input, digest: Hash | None = None) -> Iterator[Stream]:
    """Open the bytes inside a file; ``digest``, if given, is fed the bytes of the file itself."""
    with open_file(source.path) as raw:
        inner: Stream = raw if digest is None else Hashed(raw, digest)
        yield Decompressed(inner, source.compression, source.name) if source.compression else inner
        if digest is not None:  # bytes that nobody had a need of belong to the file all the same
            while inner.read(CHUNK):
                pass


@contextlib.contextmanager
def open_text(source: Input, digest: Hash | None = None) -> Iterator[Stream]:
    """Open a line format as UTF-8 bytes whatever its compression and encoding."""
    with open_decompressed(source, digest) as stream:
        yield stream if source.encoding == "utf-8" else Recoded(stream, source.encoding)


def spool(stream: IO[bytes], path: Path) -> None:
    """Copy standard input to ``path``, so that it can be planned, hashed and read again."""
    named = Named(stream, _STDIN)
    with open(path, "wb") as file:
        while chunk := named.read(CHUNK):
            file.write(chunk)


def check_promise(source: Input, sha256: str | None = None) -> None:
    """Raise ``DataError`` when a file's bytes (of this sha256, if it is known) are not those of the manifest beside it.

    Before any row of it is looked at: a wrong offset ends the process.
    """
    if source.sha256 and source.sha256 != (sha256 or file_sha256(source.path)):
        raise DataError(
            f"{source.path}: its bytes are not those of its manifest", hint="make it again, or copy it again"
        )


def file_sha256(path: str | Path) -> str:
    """Return the sha256 of a file's bytes, in hex."""
    with open_file(str(path)) as file:
        return hashlib.file_digest(cast(BufferedReader, file), "sha256").hexdigest()


def _expand(argument: str, promises: Promises) -> list[tuple[str, str]]:
    """Return paths and names; raises ``DataError`` for a folder in which a shard of ours is missing."""
    if argument.endswith(PLAN_SUFFIX):
        raise UsageError(
            f"{argument}: a plan is read where a folder of shards is made", hint="give the inputs themselves"
        )
    if is_remote(argument):
        there = find_remote(argument)
        if there[0][0] == argument or glob.has_magic(argument):  # what is named is read whatever its name
            return there
        return _readable(argument, [(path, name) for path, name in there if not is_hidden(name)], promises)
    if argument == STDIN or Path(argument).is_file():
        return [(argument, Path(argument).name)]
    if Path(argument).is_dir():
        return _readable(argument, [(os.path.join(argument, name), name) for name in files_in(argument)], promises)
    if os.path.lexists(argument):
        check_is_there(argument)
    matches = sorted({path for path in glob.glob(argument, recursive=True) if not Path(path).is_dir()})
    for path in matches:
        check_is_there(path)
    if matches:
        return [(path, Path(path).name) for path in matches]
    siblings = [str(path) for path in Path(argument).parent.glob("*")] if Path(argument).parent.is_dir() else []
    raise UsageError(f"{argument}: no such file or folder", hint=nearest(argument, siblings) or "check the path")


def _readable(argument: str, there: list[tuple[str, str]], promises: Promises) -> list[tuple[str, str]]:
    """Return what is read of the paths and names in a folder.

    Raises ``UsageError`` where that is nothing, ``DataError`` where a shard of ours is missing.
    """
    promises.check_whole([path for path, _ in there])
    found = [(path, name) for path, name in there if is_readable_name(name)]
    if not found:
        hint = f"formats: {', '.join(FORMATS)}, also compressed"
        raise UsageError(f"{argument}: no readable file in this folder", hint=hint)
    return found


def _head(path: str) -> bytes:
    try:
        with open_file(path) as file:
            return file.read(16)
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be read: {error.strerror}", hint="check the path and its permissions"
        ) from error


def _compression(path: str, head: bytes) -> tuple[str, str | None]:
    """Return the compression, and the format that the name tells, if it tells one."""
    magic = _MAGIC.match(head)
    compression = f".{magic.lastgroup}" if magic else ""
    suffixes = [suffix.lower() for suffix in Path(path).suffixes]
    if suffixes and suffixes[-1] in COMPRESSIONS:
        if head and compression != suffixes[-1]:
            raise DataError(f"{path}: is named {suffixes[-1]} but is not compressed that way", hint="rename the file")
        suffixes = suffixes[:-1]
    return compression, FORMATS.get(suffixes[-1]) if suffixes else None
