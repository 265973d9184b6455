r"""Words as a line of text, and back, losing nothing.

Words are separated by one space. A space inside the text is written ``▁`` (U+2581); a literal ``▁``
is ``\▁``, a backslash ``\\``, a line feed ``\n``, a carriage return ``\r``; a sentence without
characters is ``\e``, because an empty line separates documents.

:func:`format_words` and :func:`parse_words` do one sentence; ``wordlines`` does a whole batch at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from zhprep.core.errors import DataError
from zhprep.segment.cuts import split

EMPTY = "\\e"
WRITTEN = {" ": "▁", "▁": "\\▁", "\\": "\\\\", "\n": "\\n", "\r": "\\r"}
READ = {written: character for character, written in WRITTEN.items()}
_SPECIAL = re.compile("[ ▁\\\\\n\r]")
_ESCAPE = re.compile(r"\\.?|▁", re.DOTALL)


def format_words(text: str, ends: Iterable[int]) -> str:
    """Return the sentence ``text`` whose words end at ``ends`` (code points) as one line, without a line feed."""
    words = split(text, ends)
    if _SPECIAL.search(text):
        words = [_SPECIAL.sub(lambda match: WRITTEN[match[0]], word) for word in words]
    return " ".join(words) if text else EMPTY


def parse_words(line: str) -> tuple[str, list[int]]:
    """Return the sentence and the ends of its words.

    Spaces separate words; several in a row count as one, so that word lists made elsewhere can be
    read. Raises ``DataError`` for a backslash that begins none of the four escapes.
    """
    if line == EMPTY:
        return "", []
    words = [word for word in line.split(" ") if word]
    if "▁" in line or "\\" in line:
        words = [_ESCAPE.sub(lambda match: read(match[0]), word) for word in words]
    ends, passed = [], 0
    for word in words:
        passed += len(word)
        ends.append(passed)
    return "".join(words), ends


def read(written: str) -> str:
    """Return the character that an escape stands for. Raises ``DataError`` if it is none."""
    if written not in READ:
        raise DataError(
            f"{written!r} is no escape in a line of words",
            hint=r"write a backslash as \\ , a line feed as \n , a carriage return as \r , a literal ▁ as \▁",
        )
    return READ[written]
