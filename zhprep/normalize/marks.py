"""What each character may mean for the end of a sentence, as one table from code point to kind."""

from __future__ import annotations

import functools
import unicodedata

import numpy as np
import numpy.typing as npt

from zhprep.core.bundled import code_of
from zhprep.core.mapped import mapped_arrays
from zhprep.normalize.characters import HAN, N_CODES, WHITE_SPACE, Characters, emoji
from zhprep.normalize.text import LINE, SENTENCE

OTHER, LOWER, UPPER, DIGIT, SYMBOL, CHINESE, OPENER, PAUSE, SPACE, EDGE = range(10)
"""What may stand before and after an end. ``EDGE`` is the edge of a line."""

EXTENDER, CLOSER, QUOTE, TITLE, DOT, ELLIPSIS, ASCII_STOP, SEMICOLON, STOP = range(10, 19)
"""What an end is made of: stops (from ``DOT`` on, the strongest last) and what clings to them."""

Kinds = npt.NDArray[np.uint8]

_SETS: dict[int, str] = {
    SYMBOL: "=&%_#/+<>@$*\\^`",
    OPENER: "“‘「『《〈【（〔〖〘｛［([{«﹁﹃〝",
    PAUSE: "，、：,:;—–―－-",
    CLOSER: "）】〕〗〙｝］)]}»～〜~",
    QUOTE: "”’」』\"'＂＇﹂﹄〞〟",
    TITLE: "》〉",
    DOT: ".．",
    ELLIPSIS: "…‥⋯",
    ASCII_STOP: "!?",
    SEMICOLON: "；﹔",
    STOP: "。！？｡︒﹒﹖﹗‼⁇⁈⁉‽⸮",
}

STOPS = "".join(_SETS[kind] for kind in (DOT, ELLIPSIS, ASCII_STOP, SEMICOLON, STOP))

ENCLOSURES = {
    closer: opener
    for opener, closer in ("（）", "()", "【】", "〔〕", "［］", "[]", "《》", "〈〉", "“”", "‘’", "「」", "『』")
}
"""What closes brackets, titles and quotations that may stand in the middle of a sentence, with what opens them."""

_CASED = ((0x41, 0x2E80), (0xA640, 0xA800), (0xAB30, 0xABC0), (0xFB00, 0xFB18), (0x10400, 0x10600), (0x1D400, 0x1D800))
_UNMARKED = ((0x2E80, 0x302A), (0x3100, 0xA66F), (0xAC00, 0xFB1E), (0x20000, 0xE0100))  # blocks without combining marks


@functools.cache
def kinds(semicolon_ends: bool) -> Kinds:
    """Return the kind of every code point (uint8, indexed by code point)."""
    made_of = f"{source()} {semicolon_ends}"
    found: Kinds = mapped_arrays("kinds", made_of, lambda: {"kinds": _kinds(semicolon_ends)})["kinds"]
    return found


def source() -> str:
    """Return what decides the kinds, in versions and hashes."""
    names = ("marks.py", "characters.py", "text.py", "data/emoji.tsv")
    return f"{unicodedata.unidata_version} {code_of(*(f'normalize/{name}' for name in names))}"


def _kinds(semicolon_ends: bool) -> Kinds:
    """Return the kind of every code point, ``uint8[N_CODES]``."""
    table = np.zeros(N_CODES, np.uint8)
    for first, last in _CASED:
        for code in range(first, last):
            category = unicodedata.category(chr(code))
            table[code] = LOWER if category == "Ll" else UPPER if category in ("Lu", "Lt") else OTHER
    table[HAN.table] = CHINESE
    table[Characters.of("0-9 ０-９").table] = DIGIT
    table[[ord(" "), *WHITE_SPACE.codes]] = SPACE
    table[emoji()[0].table] = CLOSER
    table[_extenders()] = EXTENDER
    for kind, characters in _SETS.items():
        table[list(map(ord, characters))] = kind
    if not semicolon_ends:
        table[table == SEMICOLON] = PAUSE
    table[[LINE, SENTENCE]] = EDGE
    return table


def _extenders() -> list[int]:
    """Return what belongs to the character before it: combining marks, joiners, selectors, skin tones, tags."""
    marks: list[int] = []
    start = 0x300
    for first, stop in (*_UNMARKED, (0xE01F0, 0xE01F0)):
        marks += [code for code in range(start, first) if unicodedata.category(chr(code))[0] == "M"]
        start = stop
    others = Characters.of("\u200c \u200d \ufe00-\ufe0f \ufe20-\ufe2f \U0001f3fb-\U0001f3ff \U000e0020-\U000e007f")
    return marks + others.codes
