"""Which lines are joined to the next, and what stands at the joint.

In: the layout of lines and which of them are full. Out: the joints, and the text with them. Nothing stands between
Chinese characters, one space between words of letters, and between the two what the document has elsewhere; a hyphen
stays and takes no space, nor does a number that was broken (``3.`` and ``14159``), nor letters in a document that was
broken anywhere, within words too, as the room before letters shows.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from zhprep.core.report import Account
from zhprep.core.sets import among, distinct
from zhprep.normalize import marks
from zhprep.normalize.characters import HAN, Codes, Flags, Positions
from zhprep.normalize.text import Text
from zhprep.normalize.wrapping.document import Documents, full_lines
from zhprep.normalize.wrapping.layout import Integers, Layout

_SPACE = np.uint32(ord(" "))
_LATIN = (marks.OTHER, marks.LOWER, marks.UPPER, marks.DIGIT, marks.SYMBOL)
_CLINGING = frozenset(map(ord, "-‐–/"))


@dataclasses.dataclass(frozen=True)
class Joints:
    """Lines to be joined to the next: ``after`` are their numbers, ``line`` those of the input. The characters from
    ``start`` to ``stop`` (white space and the mark) give way to a space, or where ``spaced`` is not set, to nothing."""

    after: Positions
    line: Positions
    start: Positions
    stop: Positions
    spaced: Flags

    @classmethod
    def find(cls, documents: Documents, line: Positions) -> Joints:
        """Choose among the full lines of wrapped documents; ``line`` int ``[L]`` is the line of the input."""
        layout, number = documents.layout, documents.number
        full, room = full_lines(documents)
        after = np.flatnonzero(full & (np.diff(line, append=line[-1:]) > 0))
        marked = documents.count(documents.indent > 0)[number[after]] > 0
        belongs = layout.never_first[after + 1] & ~layout.ruled[after + 1]
        goes_on = ~documents.barred[after + 1] & (~layout.stops[after] | marked)
        after = after[(belongs | goes_on) & ~layout.ruled[after]]
        start, stop = layout.end[after], layout.begin[after + 1]
        return cls(after, line[after], start, stop, _spaced(documents, after, room[after]))

    def apply(self, text: Text, account: Account) -> Text:
        """Return the text with the lines joined, and count what was lost and put there."""
        kept = np.ones(text.codes.size, np.bool_)
        for offset in range(int((self.stop - self.start).max(initial=0))):
            inside = self.start + offset < self.stop
            kept[self.start[inside] + offset] = False
        codes = text.codes.copy()
        places = self.start[self.spaced]
        codes[places], kept[places] = _SPACE, True
        n_blank = int((self.stop - self.start - 1).sum())
        n_spaced = int(self.spaced.sum())
        # A space that stood at the joint stays; where there was none, one is put there.
        had = int((self.spaced & (self.stop - self.start > 1)).sum())
        account.drop("characters.unwrapped", n_blank - had)
        account.insert("characters.unwrapped", n_spaced - had)
        return Text(codes[kept], distinct(np.append(text.alphabet, np.uint32(_SPACE))))


def _spaced(documents: Documents, after: Positions, room: Integers) -> Flags:
    """Return at which joints a space stands; ``room`` int ``[J]`` is what the line before each had left."""
    layout, kinds, number = documents.layout, marks.kinds(True), documents.number[after]
    before, behind = layout.codes[layout.end[after] - 1], layout.codes[layout.begin[after + 1]]
    left = among(kinds[before], _LATIN) | _ascii_mark(before)
    right = among(kinds[behind], _LATIN) | among(behind, map(ord, "([\"'"))
    anywhere, between = _ways(number, right, room)
    in_number = (kinds[behind] == marks.DIGIT) & _in_number(layout, after, before) & ~between
    words = left & right & ~in_number & ~anywhere & ~among(before, _CLINGING)
    mixed = (HAN.table[before] & right & (kinds[behind] != marks.SYMBOL)) | (left & HAN.table[behind])
    stood = layout.blank[after] | (anywhere & right & (room == 1))  # the width has cut a space off
    spaced: Flags = words | (mixed & _parted(documents)[number]) | (stood & (mixed | (left & right)))
    return spaced


def _ascii_mark(codes: Codes) -> Flags:
    """Return which code points (``uint32[N]``) are ASCII marks that end something, ``bool[N]``."""
    return among(codes, map(ord, ",.;:?!)]\"'"))


def _in_number(layout: Layout, after: Positions, before: Codes) -> Flags:
    """Return where a line ends in a digit, or in a digit with a point or a comma: ``bool[J]``."""
    kinds = marks.kinds(True)
    digit = kinds[before] == marks.DIGIT
    point = among(before, map(ord, ".,")) & (kinds[layout.codes[np.maximum(layout.end[after] - 2, 0)]] == marks.DIGIT)
    in_number: Flags = digit | point
    return in_number


def _ways(number: Positions, right: Flags, room: Integers) -> tuple[Flags, Flags]:
    """Return at which of J joints words may be broken anywhere, and at which only between them, by the other joints:
    ``bool[J]`` each.

    ``number`` ``int64[J]`` is the document of each joint, ``right`` ``bool[J]`` whether a letter follows. Where words
    are broken anywhere a line before a letter has no ``room`` (``int64[J]``), or that of a space that was cut off.
    """
    n_right, n_exact, n_near = (
        np.bincount(number, weights=flags) for flags in (right, right & (room <= 0), right & (room <= 1))
    )
    anywhere = ((n_exact == n_right) & (n_right > 1)) | ((n_near == n_right) & (n_right > 2))
    return anywhere[number], (~anywhere & (n_right > 2))[number]


def _parted(documents: Documents) -> Flags:
    """Return for each document whether it more often parts Chinese from letters by a space than not, ``bool[D]``."""
    codes, kinds = documents.layout.codes, marks.kinds(True)
    han, latin = HAN.table[codes], among(kinds[codes], (marks.LOWER, marks.UPPER, marks.DIGIT))
    touching = (han[:-1] & latin[1:]) | (latin[:-1] & han[1:])
    parted = (codes[1:-1] == _SPACE) & ((han[:-2] & latin[2:]) | (latin[:-2] & han[2:]))
    votes = np.zeros(documents.starts.size, np.int64)
    for places, vote in ((np.flatnonzero(parted), 1), (np.flatnonzero(touching), -1)):
        line = np.searchsorted(documents.layout.begin, places, side="right") - 1
        np.add.at(votes, documents.number[np.maximum(line, 0)], vote)
    parts: Flags = votes > 0
    return parts
