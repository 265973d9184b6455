r"""Words as a line of text, and back, losing nothing.

Words are separated by one space. A space inside the text is written ``▁`` (U+2581); a literal ``▁``
is ``\▁``, a backslash ``\\``, a line feed ``\n``, a carriage return ``\r``; a sentence without
characters is ``\e``, because an empty line separates documents.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from zhprep.core.errors import DataError

_SPECIAL = re.compile("[ ▁\\\\\n\r]")
_WRITTEN = {" ": "▁", "▁": "\\▁", "\\": "\\\\", "\n": "\\n", "\r": "\\r"}
_READ = {written: character for character, written in _WRITTEN.items()}
_ESCAPE = re.compile(r"\\.?|▁", re.DOTALL)
_EMPTY = "\\e"


def format_words(text: str, ends: Iterable[int]) -> str:
    """Return the sentence ``text`` whose words end at ``ends`` (code points) as one line, without a line feed."""
    words, start = [], 0
    for end in ends:
        words.append(text[start:end])
        start = end
    if _SPECIAL.search(text):
        words = [_SPECIAL.sub(_write, word) for word in words]
    return " ".join(words) if text else _EMPTY


def parse_words(line: str) -> tuple[str, list[int]]:
    """Return the sentence and the ends of its words.

    Spaces separate words; several in a row count as one, so that word lists made elsewhere can be
    read. Raises ``DataError`` for a backslash that begins none of the four escapes.
    """
    if line == _EMPTY:
        return "", []
    words = [word for word in line.split(" ") if word]
    if "▁" in line or "\\" in line:
        words = [_ESCAPE.sub(_read, word) for word in words]
    ends, passed = [], 0
    for word in words:
        passed += len(word)
        ends.append(passed)
    return "".join(words), ends


def _write(match: re.Match[str]) -> str:
    return _WRITTEN[match[0]]


def _read(match: re.Match[str]) -> str:
    character = _READ.get(match[0])
    if character is None:
        raise DataError(
            f"{match[0]!r} is no escape in a line of words",
            hint=r"write a backslash as \\ , a line feed as \n , a carriage return as \r , a literal ▁ as \▁",
        )
    return character
