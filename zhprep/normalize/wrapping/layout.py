"""What of a line tells whether the width of a page broke it: how wide it is, how it begins and how it ends.

In: a text whose lines are parted by marks. Out: arrays with a value per line. Widths come in two measures, columns (a
Chinese character has two) and characters, since one program wraps by these and another by those.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import unicodedata

import numpy as np
import numpy.typing as npt

from zhprep.core.bundled import code_of
from zhprep.core.mapped import mapped_arrays
from zhprep.core.sets import among
from zhprep.normalize import marks
from zhprep.normalize.characters import N_CODES, WHITE_SPACE, Characters, Codes, Flags, Positions
from zhprep.normalize.text import Text, as_string, is_mark

Integers = npt.NDArray[np.int64]

COLUMNS, CHARACTERS = 0, 1
"""The two measures of width."""

LONGEST_WORD = 24
"""Characters of a word that a line waits for; a longer one is broken, or sticks out."""

_RULED = Characters.of("\t | │ ┃ ║ ｜ ─-╿")
"""What stands in tables."""

_NOT_FIRST = "，。、；：？！）》」』】〕］｝〉”’…—·,.;:?!)]}%％°℃々"
"""What no line begins with, in text that is set with care: it stays with what is before it."""

_BELONGS = "，。、；：？！）》」』】〕］｝〉”’,.;:?!)]}%％°℃々"
"""What no paragraph begins with."""

_NOT_LAST = "（《「『【〔［｛〈“‘([{"
"""What no line ends with: it goes on with what is after it."""

_CHINESE_NUMBER = "零〇一二三四五六七八九十百千两○0-9０-９"
_ITEM = re.compile(
    rf"[（(][{_CHINESE_NUMBER}a-zA-Z]{{1,4}}[)）](?![项款条目点和、，])"
    rf"|[0-9０-９]{{1,3}}(?:[.．](?![0-9０-９])|[、)）]|\.[0-9]+[\s\u3000])|[{_CHINESE_NUMBER}]{{1,4}}[、.．]"
    rf"|第[{_CHINESE_NUMBER}]{{1,7}}[编章节条回卷部篇集幕讲课折出](?:[\s\u3000\n]|$)"
    r"|[①-⑳⑴-⒇⒈-⒛]|[-*+•·●○■□◆◇★☆※►➢→▪–][\s\u3000]|[•●■□◆◇★※►➢▪]|#{1,6}\s|>|={3}|-{3}|\*{3}|[a-zA-Z][.)、][\s\u3000]"
)
"""How the items of a list, the articles of a law, headings and quoted mail begin."""

_HEAD = 12
"""Characters of a line that are looked at for an item."""


@dataclasses.dataclass(frozen=True)
class Layout:
    """The lines of a text, arrays ``[L]``.

    ``begin`` and ``end`` are where their ink is, ``indent`` columns before it. ``widths[measure]`` counts from the edge
    of the page, ``unit[measure]`` is how much of the line cannot be parted from its beginning. ``stops`` says whether
    it ends as a sentence does, ``open`` whether within a clause, ``blank`` whether with white space; ``ruled`` is a
    line of a table, ``item`` begins an item or is a heading with a number; ``clauses`` says whether it has punctuation
    inside.
    """

    codes: Codes
    begin: Positions
    end: Positions
    indent: Integers
    widths: tuple[Integers, Integers]
    unit: tuple[Integers, Integers]
    stops: Flags
    open: Flags
    ruled: Flags
    item: Flags
    clauses: Flags
    blank: Flags

    @classmethod
    def of(cls, text: Text) -> Layout:
        """Look at every line of ``text``."""
        starts, ends = text.bounds
        codes = np.append(text.codes, np.uint32(0))
        kinds = marks.kinds(True)[codes]
        begin, end = _ink(kinds, starts, ends)
        upto = np.concatenate(([0], np.cumsum(_columns()[codes], dtype=np.int64)))
        inside = kinds >= marks.DOT
        inside |= (kinds == marks.PAUSE) & ((codes > 0x7F) | (codes == ord(",")))
        clauses = _count(inside, begin, end - 1) > 0
        blank = kinds == marks.SPACE
        gaps = blank[:-1] & blank[1:]
        ruled = (_count(_RULED.table[codes], starts, end) > 0) | (_count(gaps, begin, end - 1) > 0)
        last, first = kinds[np.maximum(end - 1, 0)], kinds[begin]
        units = tuple(measured - upto_begin for measured, upto_begin in _units(codes, upto, begin, end))
        return cls(
            codes, begin, end, upto[begin] - upto[starts], (upto[end] - upto[starts], end - starts),
            (units[COLUMNS], units[CHARACTERS]), _stops(kinds, begin, end), _is_inner(last), ruled,
            _items(codes, begin, end, first), clauses, ends > end,
        )  # fmt: skip

    @functools.cached_property
    def begins_inside(self) -> Flags:
        """Whether the line begins with a character or a letter, not with punctuation."""
        return _is_inner(marks.kinds(True)[self.codes[self.begin]])

    @functools.cached_property
    def gap(self) -> Flags:
        """Whether the line and the next would be parted by a space, were they one: there is a letter at the border."""
        _, _, narrow = _tables()
        last, first = narrow[self.codes[np.maximum(self.end - 1, 0)]], narrow[self.codes[self.begin]]
        gap: Flags = last | np.append(first[1:], False)
        return gap

    @functools.cached_property
    def never_first(self) -> Flags:
        """Whether the line begins with what no paragraph begins with: 。 ” ，."""
        return among(self.codes[self.begin], map(ord, _BELONGS))


def _ink(kinds: marks.Kinds, starts: Positions, ends: Positions) -> tuple[Positions, Positions]:
    """Return where the lines begin and end (``intp[N]``, as those given) without the white space around them; a blank
    line ends where it begins."""
    begin, end = starts.copy(), ends.copy()
    moving = np.flatnonzero(begin < end)
    while (moving := moving[(begin[moving] < end[moving]) & (kinds[begin[moving]] == marks.SPACE)]).size:
        begin[moving] += 1
    moving = np.flatnonzero(begin < end)
    while (moving := moving[kinds[end[moving] - 1] == marks.SPACE]).size:
        end[moving] -= 1
    return begin, end


def _count(flags: Flags, begin: Positions, end: Positions) -> Integers:
    """Return how many flags (``bool[C]``) are set from ``begin`` to ``end`` of each line, ``int64[N]``."""
    upto = np.concatenate(([0], np.cumsum(flags, dtype=np.int64)))
    counted: Integers = upto[np.maximum(end, begin)] - upto[begin]
    return counted


def _is_inner(kinds: marks.Kinds) -> Flags:
    """Return which kinds (``uint8[C]``) stand within a clause, ``bool[C]``."""
    inner: Flags = kinds <= marks.CHINESE
    return inner


def _stops(kinds: marks.Kinds, begin: Positions, end: Positions) -> Flags:
    """Return which lines end in a stop, with quotes and brackets after it or without: ``bool[N]``; ``kinds`` are
    ``uint8[C]``."""
    place = end - 1
    clinging = np.flatnonzero(place > begin)
    for _ in range(4):
        kind = kinds[place[clinging]]
        clinging = clinging[(kind >= marks.EXTENDER) & (kind <= marks.TITLE) & (place[clinging] > begin[clinging])]
        place[clinging] -= 1
    stops: Flags = kinds[np.maximum(place, 0)] >= marks.DOT
    return stops


def _units(
    codes: Codes, upto: Integers, begin: Positions, end: Positions
) -> tuple[tuple[Integers, Integers], tuple[Integers, Integers]]:
    """Return in both measures where what cannot be parted from the beginning of a line ends, and where it begins:
    ``int64[N]`` each.

    It is a Chinese character, or a word of letters and digits, with what may not begin a line after it and what may not
    end one before it. ``upto`` ``int64[C + 1]`` is the width before each code point.
    """
    sticks, opens, narrow = _tables()
    place = begin.copy()
    active = np.flatnonzero(place < end)
    while (active := active[(place[active] < end[active]) & opens[codes[place[active]]]]).size:
        place[active] += 1
    word = np.flatnonzero((place < end) & narrow[codes[place]])
    place[place < end] += 1
    for _ in range(LONGEST_WORD):
        word = word[(place[word] < end[word]) & narrow[codes[place[word]]]]
        place[word] += 1
    active = np.flatnonzero(place < end)
    for _ in range(3):
        active = active[(place[active] < end[active]) & sticks[codes[place[active]]]]
        place[active] += 1
    return (upto[place], upto[begin]), (place, begin)


def _items(codes: Codes, begin: Positions, end: Positions, first: marks.Kinds) -> Flags:
    """Return which lines begin as the items of a list do, or are a heading with a number: ``bool[N]``."""
    flags = np.zeros(begin.size, np.bool_)
    possible = among(codes[begin], map(ord, "第（([-*+•·●○■□◆◇★☆※►➢→▪–>#=")) | _counting()[codes[begin]]
    possible |= (first == marks.LOWER) | (first == marks.UPPER)
    for i in np.flatnonzero(possible & (begin < end)).tolist():
        flags[i] = _ITEM.match(as_string(codes[begin[i] : min(begin[i] + _HEAD, end[i])])) is not None
    return flags


@functools.cache
def _counting() -> Flags:
    """Return the code points that number items, ``bool[N_CODES]``."""
    return Characters.of("0-9 ０-９ 一 二 三 四 五 六 七 八 九 十 百 〇 零 ①-⒛").table


@functools.cache
def _tables() -> tuple[Flags, Flags, Flags]:
    """Return what may not begin a line, what may not end one, and what words of letters and digits are made of:
    ``bool[N_CODES]`` each."""
    sticks, opens = np.zeros(N_CODES, np.bool_), np.zeros(N_CODES, np.bool_)
    sticks[list(map(ord, _NOT_FIRST))] = True
    opens[list(map(ord, _NOT_LAST))] = True
    narrow = (_columns() == 1) & ~opens
    narrow[[ord(" "), *WHITE_SPACE.codes]] = False
    narrow[list(map(ord, "“”‘’…—·"))] = False
    return sticks, opens, narrow


@functools.cache
def _columns() -> npt.NDArray[np.uint8]:
    """Return how many columns each character takes, ``uint8[N_CODES]``: 2 for wide ones, 0 for combining ones."""
    found: npt.NDArray[np.uint8] = mapped_arrays("columns", source(), lambda: {"columns": _counted()})["columns"]
    return found


def source() -> str:
    """Return what decides how many columns characters take, in versions and hashes."""
    code = code_of("normalize/wrapping/layout.py", "normalize/text.py", "normalize/characters.py")
    return f"{unicodedata.unidata_version} {code}"


def _counted() -> npt.NDArray[np.uint8]:
    """Count the columns of each character, ``uint8[N_CODES]``."""
    columns = np.ones(N_CODES, np.uint8)
    for code in (*range(0x300, 0x3100), *range(0xA960, 0xA980), *range(0xFE00, 0xFFF0), *range(0x1F000, 0x1FB00)):
        width = unicodedata.east_asian_width(chr(code))
        columns[code] = 0 if unicodedata.combining(chr(code)) else 2 if width in "WF" else 1
    columns[0x3100:0xA4D0] = columns[0xAC00:0xD7A4] = columns[0xF900:0xFB00] = columns[0x20000:0x40000] = 2
    columns[list(map(ord, "“”‘’…—·"))] = 2  # so in Chinese fonts
    columns[np.flatnonzero(is_mark(np.arange(N_CODES, dtype=np.uint32)))] = 0
    return columns
