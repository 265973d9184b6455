"""A user's list of words: one a line, perhaps with a count, and in a user dictionary with a part of speech.

A word may contain spaces. Where what follows it could be taken for its count or part of speech, or where there is no
count, a tab ends it: ``machine learning<TAB>``.
"""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa

from zhprep.core.config import LARGEST
from zhprep.core.errors import DataError, UsageError
from zhprep.core.simplified import shadow

_LINE = re.compile(r"(.+?)( [0-9]+)?( [a-z]+)?")  # jieba.re_userdict
_FORM = "a line is: word [count]; if the word has spaces, a tab ends it: word<TAB>[count]"


class Entry(NamedTuple):
    """A line of a user dictionary, as jieba reads it."""

    word: str
    frequency: int | None
    tag: str | None


def read_user_dictionary(path: str, *, simplified: bool = False) -> list[Entry]:
    """Return the entries of a user dictionary, in the order of the file: ``word [count] [tag]`` as in jieba's.

    With ``simplified`` the words are their shadows, for text that is read so. Empty lines are passed over. Raises
    ``UsageError`` when the file cannot be read, ``DataError`` with file and line for what is not UTF-8.
    """
    entries = []
    for _, line in _lines(path, "user dictionary"):
        word, tab, rest = line.partition("\t")
        match = None if tab else _LINE.fullmatch(word.strip())
        if match:
            word, count, tag = match.groups()
        else:
            count, tag = _count_and_tag(rest.split())
        if word.strip():
            entries.append(Entry(word.strip(), _count(count) if count else None, tag and tag.strip()))
    words = _as_read([entry.word for entry in entries], simplified)
    return [entry._replace(word=word) for entry, word in zip(entries, words, strict=True)]


def read_lexicon(path: str, *, simplified: bool = False) -> dict[str, int]:
    """Return the words of the file with their counts (1 where none is given), in the order of the file.

    With ``simplified`` the words are their shadows. Empty lines are passed over. Raises ``UsageError`` when the file
    cannot be read, ``DataError`` with file and line for what is not UTF-8 or has no whole number for a count.
    """
    words: dict[str, int] = {}
    for number, line in _lines(path, "lexicon"):
        word, rest = _word_and_rest(line)
        if rest and not rest[0].isdecimal():
            raise DataError(f"{path}, line {number}: {rest[0]!r} is no count", hint=_FORM)
        if word:
            words[word] = _count(rest[0]) if rest else 1
    return dict(zip(_as_read(list(words), simplified), words.values(), strict=True))


def _count(digits: str) -> int:
    """Return a count; one beyond what fits into 64 bits is as large as a count may be."""
    return int(digits) if len(digits) < 19 else LARGEST


def _word_and_rest(line: str) -> tuple[str, list[str]]:
    """Return the word of a lexicon's line (to a tab, a last count or a space) and the fields behind it."""
    word, tab, rest = line.partition("\t")
    if tab:
        return word.strip(), rest.split()
    fields = line.split()
    if len(fields) > 2 and fields[-1].isdecimal() and not fields[1].isdecimal():
        return line.rstrip().removesuffix(fields[-1]).strip(), fields[-1:]
    return "".join(fields[:1]), fields[1:]


def _lines(path: str, what: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file with their numbers."""
    try:
        lines = pathlib.Path(path).read_bytes().split(b"\n")
    except OSError as error:
        raise UsageError(
            f"cannot read the {what} {path!r}: {error.strerror}", hint="check the path and its permissions"
        ) from error
    for number, raw in enumerate(lines, 1):
        try:
            yield number, raw.decode("utf-8").lstrip("\ufeff").rstrip("\r")
        except UnicodeDecodeError as error:
            raise DataError(f"{path}, line {number}: not UTF-8", hint=f"convert the {what} to UTF-8") from error


def _as_read(words: list[str], simplified: bool) -> list[str]:
    read: list[str] = shadow(pa.array(words, pa.string())).to_pylist() if simplified else words
    return read


def _count_and_tag(fields: list[str]) -> tuple[str | None, str | None]:
    count = fields.pop(0) if fields and fields[0].isdecimal() else None
    return count, fields[0] if fields else None
