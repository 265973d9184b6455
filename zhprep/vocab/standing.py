"""How characters stand in text by the rules of a splitter, whatever is beside them: the library is asked once for each.

In: code points. Out: for each one of the classes below, and the character that it becomes. The rules that we use look
at one character at a time, but for those who are ``ODD``; so pieces are found in whole arrays, without the library.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from zhprep.vocab.codepoints import N_CODE_POINTS, CodePointTable, Points
from zhprep.vocab.pieces import Splitter

SPACE, ALONE, JOINED, ODD, UNSEEN = 0, 1, 2, 3, 255
"""Gives nothing and parts its neighbours; a piece of its own; grows together with others of its class; ask."""


class Standing:
    """The classes of characters by the rules of ``splitter``, filled when a character is first met.

    A run of ``JOINED`` characters is one piece: the characters they become, one for one. An ``ALONE`` character is the
    piece of the one character it becomes. What a run with an ``ODD`` character gives depends on the whole run.
    """

    def __init__(self, splitter: Splitter) -> None:
        self.splitter = splitter
        self.becomes = np.zeros(N_CODE_POINTS, np.uint32)
        self._table = CodePointTable(self._ask, np.uint8, UNSEEN)

    def of(self, points: Points) -> npt.NDArray[np.uint8]:
        """Return the class of each code point."""
        codes: npt.NDArray[np.uint8] = self._table.look_up(points)
        return codes

    def growing(self, characters: Iterable[str]) -> set[str]:
        """Return those of ``characters`` that may share a piece with what is beside them."""
        points = np.fromiter(map(ord, characters), np.uint32)
        return {chr(point) for point in points[self.of(points) >= JOINED].tolist()}

    def _ask(self, characters: list[str]) -> npt.NDArray[np.uint8]:
        """Ask about N characters at once, each beside a letter, a digit, a mark and itself (three: GPT-2 parts two
        spaces): ``uint8[N]``."""
        text = "a" + "".join(f"{x}a{x}1{x}!{x}{x}{x}a" for x in characters)
        starts, stops = (_by_place(places, len(characters)) for places in self.splitter.spans(text))
        parted = (starts[:, [1, 3, 5, 9]] > 0).all(1) & (stops[:, [0, 2, 4, 6]] > 0).all(1)
        own = starts[:, [0, 2, 4, 6, 7, 8]]
        alone = parted & (own == 1).all(1) & (stops[:, [1, 3, 5, 7, 8, 9]] == 1).all(1)
        space = parted & (own == 0).all(1)
        joined = (starts[:, :2] == 0).all(1)
        classes = np.select([alone, space, joined], [ALONE, SPACE, JOINED], ODD).astype(np.uint8)
        for number in np.flatnonzero((classes == ALONE) | (classes == JOINED)).tolist():
            piece = "".join(self.splitter.split(characters[number]))
            if len(piece) == 1:
                self.becomes[ord(characters[number])] = ord(piece)
            else:
                classes[number] = ODD
        return classes


def _by_place(places: npt.NDArray[np.int64], n: int) -> npt.NDArray[np.int64]:
    """Return how many of ``places`` (``int64[P]``) in the text that is asked about are at each of the ten places of a
    character: ``int64[n, 10]``."""
    counts: npt.NDArray[np.int64] = np.bincount(places, minlength=10 * n + 2)[1 : 10 * n + 1].reshape(n, 10)
    return counts
