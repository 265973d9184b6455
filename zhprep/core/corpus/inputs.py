"""Find the input files and open them as one uncompressed stream of bytes.

Formats are told by extension and confirmed by magic bytes: ``.txt .jsonl .parquet .arrow``, each also
``.gz .zst .xz .bz2`` (Parquet and Arrow uncompressed only); ``-`` is standard input.
"""

from __future__ import annotations

import bz2
import codecs
import contextlib
import glob
import gzip
import hashlib
import io
import lzma
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

import zstandard

from zhprep.core.encoding import detect
from zhprep.core.errors import DataError, UsageError
from zhprep.core.registry import suggest

STDIN = "-"
CHUNK = 1 << 20

_COMPRESSIONS = {".gz": b"\x1f\x8b", ".zst": b"\x28\xb5\x2f\xfd", ".xz": b"\xfd7zXZ\x00", ".bz2": b"BZh"}
_FORMATS = {
    ".txt": "text", ".text": "text", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
    ".parquet": "parquet", ".arrow": "arrow",
}  # fmt: skip
_NOT_TEXT = {
    b"PAR1": "a Parquet file",
    b"ARROW1": "an Arrow file (not stream)",
    b"PK\x03\x04": "a zip archive",
    b"%PDF": "a PDF",
    b"\x89PNG": "a PNG picture",
    b"\x7fELF": "a program",
    b"\xff\xd8\xff": "a JPEG picture",
}


class Hash(Protocol):
    """What a hashlib object does, as far as it is used here."""

    def update(self, data: bytes, /) -> None: ...
    def hexdigest(self) -> str: ...


@dataclass(frozen=True)
class Input:
    """One input file: where it is, its format and its compression (``""`` for none).

    ``path`` is where the bytes lie now (a spool file for standard input); ``name`` is what documents
    are named after.
    """

    path: str
    name: str
    format: str
    compression: str = ""
    encoding: str = "utf-8"


def find_inputs(arguments: tuple[str, ...], *, encoding: str = "utf-8") -> list[Input]:
    """Expand files, folders and globs into inputs, in a fixed order.

    Raises ``UsageError`` for a path that does not exist, ``DataError`` for one that is not readable text.
    """
    paths = [path for argument in arguments or (STDIN,) for path in _expand(argument)]
    return [describe(path, encoding=encoding) for path in paths]


def describe(path: str, *, encoding: str = "utf-8", name: str | None = None) -> Input:
    """Say what the file at ``path`` is, by its name and its first bytes."""
    file = Path(path)
    suffixes = file.suffixes
    head = _head(path)
    compression = next((suffix for suffix, magic in _COMPRESSIONS.items() if head.startswith(magic)), "")
    named = suffixes[-1].lower() if suffixes else ""
    if named in _COMPRESSIONS:
        if head and not compression:
            raise DataError(f"{path}: is named {named} but is not compressed that way", hint="rename the file")
        suffixes = suffixes[:-1]
    known = _FORMATS.get(suffixes[-1].lower() if suffixes else ".txt", "text")
    if known in ("parquet", "arrow") and compression:
        raise DataError(f"{path}: compressed {known} is not read", hint="decompress it; both formats compress inside")
    if known in ("text", "jsonl"):
        with open_decompressed(Input(path, file.name, known, compression)) as stream:
            sample = read_some(stream, 1 << 16, path)
        encoding = _text_encoding(path, sample, encoding)
    return Input(path, name or file.name, known, compression, encoding)


@contextlib.contextmanager
def open_decompressed(source: Input, digest: Hash | None = None) -> Iterator[IO[bytes]]:
    """Open the bytes inside a file; ``digest``, if given, is fed the bytes of the file itself."""
    with open(source.path, "rb") as raw:
        inner: IO[bytes] = raw if digest is None else _Hashing(raw, digest)  # type: ignore[assignment]
        if source.compression == ".gz":
            stream: IO[bytes] = gzip.GzipFile(fileobj=inner)  # type: ignore[assignment]
        elif source.compression == ".bz2":
            stream = bz2.BZ2File(inner)
        elif source.compression == ".xz":
            stream = lzma.LZMAFile(inner)
        elif source.compression == ".zst":
            stream = zstandard.ZstdDecompressor().stream_reader(inner, read_across_frames=True)  # type: ignore[assignment]
        else:
            stream = inner
        yield stream
        if digest is not None:  # trailing bytes that a decompressor has no need of belong to the file all the same
            while inner.read(CHUNK):
                pass


@contextlib.contextmanager
def open_text(source: Input, digest: Hash | None = None) -> Iterator[IO[bytes]]:
    """Open a line format as UTF-8 bytes whatever its compression and encoding."""
    with open_decompressed(source, digest) as stream:
        yield stream if source.encoding == "utf-8" else _Recoded(stream, source)  # type: ignore[misc]


def read_some(stream: IO[bytes], size: int, where: str) -> bytes:
    """Read up to ``size`` bytes; raises ``DataError`` when the compressed data are damaged."""
    try:
        return stream.read(size)
    except (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, zstandard.ZstdError, OSError) as error:
        if isinstance(error, OSError) and not isinstance(error, gzip.BadGzipFile) and error.errno:
            raise
        raise Damaged(
            f"{where}: compressed data end early or are damaged ({error})",
            hint="fetch the file again, or read what can be read with --on-error skip",
        ) from error


class Damaged(DataError):
    """A compressed input that cannot be read to its end."""


def spool(stream: IO[bytes], path: Path) -> None:
    """Copy standard input to ``path``, so that it can be planned, hashed and read again."""
    with open(path, "wb") as file:
        while chunk := stream.read(CHUNK):
            file.write(chunk)


def file_sha256(path: str | Path) -> str:
    """Return the sha256 of a file's bytes, in hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _expand(argument: str) -> list[str]:
    if argument == STDIN or Path(argument).is_file():
        return [argument]
    if Path(argument).is_dir():
        found = sorted(str(p) for p in Path(argument).rglob("*") if p.is_file() and _is_readable_name(p))
        if not found:
            raise UsageError(f"{argument}: no readable file in this folder", hint=f"formats: {', '.join(_FORMATS)}, also compressed")
        return found
    found = sorted(path for path in glob.glob(argument, recursive=True) if Path(path).is_file())
    if found:
        return found
    siblings = [str(path) for path in Path(argument).parent.glob("*")] if Path(argument).parent.is_dir() else []
    raise UsageError(f"{argument}: no such file or folder", hint=suggest(argument, siblings) if siblings else "check the path")


def _is_readable_name(path: Path) -> bool:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in _COMPRESSIONS:
        suffixes = suffixes[:-1]
    return bool(suffixes) and suffixes[-1] in _FORMATS and suffixes[-1] != ".json" and not path.name.startswith(".")


def _head(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(16)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error


def _text_encoding(path: str, sample: bytes, encoding: str) -> str:
    for magic, what in _NOT_TEXT.items():
        if sample.startswith(magic):
            raise DataError(f"{path}: is not text but {what}", hint="give .txt, .jsonl, .parquet or .arrow files")
    if encoding == "auto":
        return detect(sample)
    if encoding == "utf-8" and sample[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise DataError(f"{path}: is UTF-16, not UTF-8", hint="read it with --encoding auto")
    if sample.count(0) > len(sample) // 100:
        raise DataError(f"{path}: is not text ({sample.count(0)} NUL bytes in its first {len(sample)})", hint="give a text file")
    try:
        codecs.lookup(encoding)
    except LookupError as error:
        raise UsageError(f"unknown encoding {encoding!r}", hint="utf-8, gb18030, big5, utf-16 or auto") from error
    return codecs.lookup(encoding).name


class _Hashing(io.RawIOBase):
    """A file whose every byte read is fed to a digest."""

    def __init__(self, raw: IO[bytes], digest: Hash) -> None:
        self._raw = raw
        self._digest = digest

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._raw.read(size)
        self._digest.update(data)
        return data

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _Recoded(io.RawIOBase):
    """A stream in another encoding, as UTF-8 bytes."""

    def __init__(self, stream: IO[bytes], source: Input) -> None:
        self._stream = stream
        self._source = source
        self._decoder = codecs.getincrementaldecoder(source.encoding)("strict")
        self._pending = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while size < 0 or len(self._pending) < size:
            chunk = self._stream.read(CHUNK)
            try:
                self._pending += self._decoder.decode(chunk, final=not chunk).encode()
            except UnicodeDecodeError as error:
                raise DataError(
                    f"{self._source.path}: is not {self._source.encoding}: {error.reason}", hint="try --encoding auto"
                ) from error
            if not chunk:
                break
        size = len(self._pending) if size < 0 else size
        data, self._pending = self._pending[:size], self._pending[size:]
        return data
