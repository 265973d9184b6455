"""What the first bytes of an input say: the format of one that no name tells, and in which encoding text is."""

from __future__ import annotations

import codecs
import json
import re

from zhprep.core.corpus.inputs.streams import COMPRESSIONS, Damaged, Stream
from zhprep.core.encoding import detect
from zhprep.core.errors import DataError, UsageError

_TABLES = {b"PAR1": "parquet", b"ARROW1": "arrow", b"\xff\xff\xff\xff": "arrow"}
_NOT_TEXT = {
    b"PAR1": "a Parquet file",
    b"ARROW1": "an Arrow file",
    b"\xff\xff\xff\xff": "an Arrow stream",
    b"PK\x03\x04": "a zip archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!\x1a": "a RAR archive",
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old Office file",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"SQLite format 3\x00": "a database",
    b"\x7fELF": "a program",
}
_SAMPLE = 1 << 16
_BEGINS_OBJECT = re.compile(rb'\{[ \t\r]*"(?:[^"\\]|\\.)*"[ \t\r]*:')
"""A key and its colon: what plain text that begins with a brace hardly has."""
_FEW_NULS = 16  # as a file of text may hold by accident

_TAR = (b"ustar", 257)
"""What stands where in the first member's header; of few and large members most bytes are their text."""
_TAR_SUFFIXES = (".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tzst")

_STRING, _BLANKS = r'"(?:[^"\\]|\\.)*"', r"[ \t\r\n]*"
_OBJECTS = re.compile(rf"{_BLANKS}\[{_BLANKS}\{{{_BLANKS}{_STRING}{_BLANKS}:")
_STRINGS = re.compile(rf"{_BLANKS}\[{_BLANKS}{_STRING}{_BLANKS}[,\]]")
"""A list of objects, of strings, from its beginning; a line that is a list of something else is a bad line."""
_SPREAD = re.compile(rf'{_BLANKS}\{{[ \t\r]*\n{_BLANKS}"')
"""An object whose first key stands in another line than its brace."""


def sample_of(stream: Stream) -> bytes:
    """Return the first bytes; a file damaged so early is dealt with when it is read."""
    try:
        return stream.read(_SAMPLE)
    except Damaged:
        return b""


def format_of(sample: bytes) -> str:
    """Tell the format of a file that has no name to tell it by."""
    for magic, kind in _TABLES.items():
        if sample.startswith(magic):
            return kind
    first = sample.lstrip(b"\xef\xbb\xbf").split(b"\n", 1)[0]
    if _OBJECTS.match(sample.decode("utf-8", "ignore").removeprefix("\ufeff")):
        return "jsonl"  # to be refused as such: what no text begins with
    if len(sample) >= _SAMPLE and b"\n" not in sample:  # a line that goes on after the sample can only be begun
        return "jsonl" if _BEGINS_OBJECT.match(first) else "text"
    try:
        return "jsonl" if first.startswith(b"{") and isinstance(json.loads(first), dict) else "text"
    except (ValueError, RecursionError):
        return "text"


def text_encoding(path: str, sample: bytes, encoding: str) -> str:
    """Return the name of the encoding of a text file, after a look at whether it is one.

    Raises ``DataError`` where it is none, ``UsageError`` for an encoding that nobody knows.
    """
    if _is_tar(path, sample):
        raise DataError(f"{path}: is not text but a tar archive", hint="unpack it and give its files: tar -xf FILE")
    for magic, what in _NOT_TEXT.items():
        if sample.startswith(magic):
            raise DataError(f"{path}: is not text but {what}", hint="give .txt, .jsonl, .parquet or .arrow files")
    if encoding == "utf-8" and sample[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise DataError(f"{path}: is UTF-16, not UTF-8", hint="read it with --encoding auto")
    try:
        codec = codecs.lookup(detect(sample) if encoding == "auto" else encoding)
        "".encode(codec.name)  # refuses codecs such as base64, which are not of text
    except LookupError as error:
        raise UsageError(f"unknown encoding {encoding!r}", hint="utf-8, gb18030, big5, utf-16 or auto") from error
    if not codec.name.startswith(("utf-16", "utf-32")) and sample.count(0) > max(_FEW_NULS, len(sample) // 100):
        raise DataError(
            f"{path}: is not text ({sample.count(0)} NUL bytes in its first {len(sample)})",
            hint="give a text file; UTF-16 without a mark is read with --encoding utf-16-le, or utf-16-be",
        )
    return codec.name


def check_json_lines(path: str, sample: bytes, encoding: str) -> None:
    """Raise ``DataError`` where a file of JSON lines is one JSON value over its lines instead.

    Each of its lines would be a bad one, all of which ``--on-error skip`` leaves out.
    """
    text = sample.decode(encoding, "ignore").removeprefix("\ufeff")
    if _OBJECTS.match(text) or (_STRINGS.match(text) and not _is_one_line(text)):
        raise DataError(f"{path}: is a JSON array, not JSON lines", hint="make lines of it: jq -c '.[]' FILE")
    if _SPREAD.match(text):
        raise DataError(f"{path}: is JSON over several lines, not JSON lines", hint="make a line of it: jq -c . FILE")


def _is_one_line(text: str) -> bool:
    """Whether the JSON value with which ``text`` begins ends with its line, and others follow: a header, say."""
    line, _, others = text.lstrip().partition("\n")
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return bool(others.strip())


def _is_tar(path: str, sample: bytes) -> bool:
    magic, place = _TAR
    name = path.lower()
    for compression in COMPRESSIONS:
        name = name.removesuffix(compression)
    return sample[place : place + len(magic)] == magic or name.endswith(_TAR_SUFFIXES)
