"""Keep joined emoji whole: skin tones, flags, keycaps, and what zero-width joiners hold together.

In: where words end. Out: the same, but for ends inside an emoji as people see it. jieba and others make a word of every
code point: of 👩🏽‍💻 four.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from zhprep.core.sets import among, distinct
from zhprep.segment.sentences import Sentences

_JOINING = (
    (0x200D, 0x200D),
    (0x20E3, 0x20E3),
    (0xFE0F, 0xFE0F),
    (0x1F1E6, 0x1F1FF),
    (0x1F3FB, 0x1F3FF),
    (0xE0020, 0xE007F),
)
"""Code points of which each joined emoji holds at least one."""


def may_hold_joined_emoji(text: Sentences) -> bool:
    """Return whether ``text`` has a code point that joins emoji; most text has none."""
    return bool(_joining().take(text.alphabet, mode="clip").any())


def join_emoji(text: Sentences, marks: npt.NDArray[np.bool_]) -> None:
    """Clear ``marks`` (bool[N + 1]) inside joined emoji."""
    there = text.alphabet[_joining().take(text.alphabet, mode="clip")]  # one or two of all
    joining = np.flatnonzero(among(text.code_points, there))
    for sentence in distinct(np.searchsorted(text.bases, joining, side="right") - 1).tolist():
        base = int(text.bases[sentence])
        for match in _pattern().finditer(text.text, base, base + int(text.lengths[sentence])):
            first, last = joining.searchsorted((match.start(), match.end()))
            if last > first:
                marks[match.start() + 1 : match.end()] = False


@functools.cache
def _joining() -> npt.NDArray[np.bool_]:
    """Return which code points join emoji, ``bool[N]``, the last for all beyond."""
    table = np.zeros(_JOINING[-1][1] + 2, np.bool_)  # the last place is for all beyond
    for first, last in _JOINING:
        table[first : last + 1] = True
    return table


@functools.cache
def _pattern() -> Any:
    """Return the pattern of grapheme clusters that begin as emoji do (UTS #51, UAX #29)."""
    import regex  # few texts need it

    return regex.compile(r"(?=[\p{Emoji}\p{RI}])\X")
