"""A user's word list: one word a line, perhaps with a count after a space or tab."""

from __future__ import annotations

import pathlib

from zhprep.core.errors import DataError, UsageError


def read_lexicon(path: str) -> dict[str, int]:
    """Return the words of the file with their counts (1 where none is given), in the order of the file.

    Empty lines are passed over. Raises ``UsageError`` when the file cannot be read, ``DataError`` with
    file and line for what is not UTF-8 or has no whole number for a count.
    """
    try:
        lines = pathlib.Path(path).read_bytes().split(b"\n")
    except OSError as error:
        raise UsageError(
            f"cannot read the lexicon {path!r}: {error.strerror}", hint="check the path and its permissions"
        ) from error
    words: dict[str, int] = {}
    for number, raw in enumerate(lines, 1):
        try:
            fields = raw.decode("utf-8").lstrip("\ufeff").split()
        except UnicodeDecodeError as error:
            raise DataError(f"{path}, line {number}: not UTF-8", hint="convert the lexicon to UTF-8") from error
        if not fields:
            continue
        if len(fields) > 1 and not fields[1].isdecimal():
            raise DataError(f"{path}, line {number}: {fields[1]!r} is no count", hint="a line is: word [count]")
        words[fields[0]] = int(fields[1]) if len(fields) > 1 else 1
    return words
