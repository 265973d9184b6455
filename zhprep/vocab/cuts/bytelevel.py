"""Cuts by GPT-2's rules over bytes (RoBERTa's BBPE), in the text and inside its runs of letters.

GPT-2 splits text into runs of letters, digits, others and spaces; what a character is, the library is
asked. A run of letters without spaces is a whole Chinese clause, so it is cut further: between two
characters that stand side by side inside no token, no merge can reach across, and both sides have
the tokens they have together (every merge makes a token of the vocabulary).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from zhprep.core.ragged import Ints
from zhprep.vocab import codepoints
from zhprep.vocab.bytemap import CHARACTER_OF
from zhprep.vocab.bytepairs import BytePairs
from zhprep.vocab.cuts.cut import Cut, Marks
from zhprep.vocab.runs import Library, RunTokens

OTHER, NUMBER, LETTER, APART, SPACE = range(5)
LONGEST = 256
"""Longer pieces go to the library, whose time for one does not grow with its square."""

_BLANK, _APOSTROPHE = ord(" "), ord("'")
_SHORT = [ord(character) for character in "stmd"]
_LONG = [tuple(map(ord, ending)) for ending in ("re", "ve", "ll")]


class ByteLevelCuts:
    """Gives every run to byte pairs of our own, and ids of characters with cuts on both sides from a table.

    The library gets long pieces and sentences that hold an added token.
    """

    quick = None

    def __init__(
        self, model: dict[str, Any], splitter: Any, library: Library, marks: Marks, added: Sequence[str], *, trims: bool
    ) -> None:
        """``model`` is that part of tokenizer.json, ``splitter`` the library's pre-tokeniser, ``added`` what is found
        in text; ``trims`` says that a token does not stand for the spaces at its ends. Raises ``KeyError`` where there
        is no token for some byte."""
        self.marks = marks
        self._splitter, self._library, self._added = splitter, library, added
        merges = [merge.split(" ") if isinstance(merge, str) else merge for merge in model["merges"]]
        self._pairs = BytePairs(model["vocab"], [(left, right) for left, right in merges])
        self._blanks = _blanks(model["vocab"]) if trims else None
        self._classes = np.full(codepoints.N_CODE_POINTS, OTHER, np.uint8)
        self._table = codepoints.CodePointTable(self._ask, marks.dtype, marks.unseen)

    def cut(self, chunk: codepoints.Chunk, held: codepoints.Flags | None) -> Cut:
        """Return the codes and runs of ``chunk``; the code points flagged in ``held`` go to runs uncut."""
        points = chunk.points
        codes = self._table.look_up(points)
        before = np.ones(len(points) + 1, np.bool_)  # a cut before each code point, and one at the end
        before[1:-1] = self._between(chunk)
        if held is not None:
            before[1:-1][held[1:]] = False
        before[chunk.offsets] = True
        run = ~(before[:-1] & before[1:]) | (codes == self.marks.run)
        if held is not None:
            run |= held
        codes[run] = self.marks.run
        return Cut(codes, np.flatnonzero(run & before[:-1]), np.flatnonzero(run & before[1:]) + 1)

    def tokens(self, runs: list[bytes]) -> RunTokens:
        """Return the tokens of runs (UTF-32, little endian)."""
        sizes = np.array([len(run) for run in runs], np.int64) // 4
        asked = sizes > LONGEST
        for token in self._added:
            asked |= [token in run.decode("utf-32-le") for run in runs]
        if not asked.any():
            return self._own(b"".join(runs), sizes)
        found = self._own(b"".join(itertools.compress(runs, ~asked)), sizes[~asked])
        others = self._library.encode(list(itertools.compress(runs, asked)))
        owners = np.concatenate(
            (np.flatnonzero(~asked).repeat(found.n_tokens), np.flatnonzero(asked).repeat(others.n_tokens))
        )
        order = np.argsort(owners, kind="stable")
        columns = [np.concatenate(column)[order] for column in zip(found[1:], others[1:], strict=True)]
        return RunTokens(np.bincount(owners, minlength=len(runs)), *columns)

    def _own(self, runs: bytes, sizes: Ints) -> RunTokens:
        """Return the tokens of runs of ``sizes`` ``int64[N]`` code points, end to end."""
        n_tokens, ids, starts, stops = self._pairs.encode(np.frombuffer(runs, np.uint32), sizes)
        if self._blanks is not None:
            begin, end = self._blanks
            starts = np.minimum(starts + begin[ids], stops)
            stops = np.maximum(stops - end[ids], starts)
        return RunTokens(n_tokens, ids, starts, stops)

    def _between(self, chunk: codepoints.Chunk) -> codepoints.Flags:
        """Return where text may be cut between neighbours, bool[C-1]."""
        points = chunk.points
        classes = self._classes.take(points, mode="clip")
        left, right = classes[:-1], classes[1:]
        cut: codepoints.Flags = (left != right) | (left == APART)
        letter = classes == LETTER
        wide = letter & (points >= 128)
        inside = (wide[:-1] & letter[1:]) | (letter[:-1] & wide[1:])
        cut |= inside & ~self._pairs.junctions.joined(points)
        closes = np.zeros(len(points), np.bool_)
        closes[chunk.offsets[1:][chunk.offsets[1:] > 0] - 1] = True
        self._at_spaces(cut, points, classes, closes)
        self._at_apostrophes(cut, points, classes, closes)
        return cut

    def _at_spaces(
        self, cut: codepoints.Flags, points: codepoints.Points, classes: Any, closes: codepoints.Flags
    ) -> None:
        """Set the ``cut`` ``[C - 1]`` beside spaces: the last one of several before a word stands off from the others,
        and a blank (U+0020) is part of the word."""
        spaces = np.flatnonzero((classes[:-1] == SPACE) & ~closes[:-1])
        spaces = spaces[classes[spaces + 1] < APART]
        cut[spaces] = points[spaces] != _BLANK
        several = spaces[spaces > 0]
        several = several[(classes[several - 1] == SPACE) & ~closes[several - 1]]
        cut[several - 1] = True

    def _at_apostrophes(
        self, cut: codepoints.Flags, points: codepoints.Points, classes: Any, closes: codepoints.Flags
    ) -> None:
        """Set the ``cut`` ``[C - 1]`` around endings such as 's and 're, where a piece begins with the apostrophe."""
        for place in np.flatnonzero(points == _APOSTROPHE).tolist():
            opens = place == 0 or closes[place - 1]
            if not opens and (classes[place - 1] == OTHER or points[place - 1] == _BLANK):
                continue
            last = place
            while last < place + 2 and last + 1 < len(points) and not closes[last]:
                last += 1
            following = points[place + 1 : last + 1].tolist()
            n = 1 if following[:1] and following[0] in _SHORT else 2 if tuple(following) in _LONG else 0
            if n:
                cut[place : place + n] = False
                cut[place + n : place + n + 1] = True  # true at the end of a sentence anyway

    def _ask(self, characters: list[str]) -> npt.NDArray[Any]:
        """Return for each of N characters its id when alone, or the mark of a run; note its class: ``int64[N]``."""
        points = np.array([ord(character) for character in characters], np.uint32)
        self._classes[points] = self._classify(characters)
        ids = self._pairs.add(points)
        if self._blanks is not None:
            ids[(self._blanks[0] + self._blanks[1])[ids] > 0] = -1
        return np.where(ids < 0, self.marks.run, ids)

    def _classify(self, characters: list[str]) -> npt.NDArray[np.uint8]:
        """Ask the library which of N characters make a piece with a letter, a digit or a mark on both sides:
        ``uint8[N]``."""
        classes = np.full(len(characters), SPACE, np.uint8)
        left = np.arange(len(characters))
        free = np.ones(len(characters), np.bool_)
        for side, kind in (("a", LETTER), ("1", NUMBER), ("!", OTHER)):  # most are letters
            cut = self._borders(side + "".join(characters[k] + side for k in left.tolist()))
            before, after = cut[1 : 2 * len(left) : 2], cut[2 : 2 * len(left) + 1 : 2]
            classes[left[~before & ~after]] = kind
            free[left] &= before & after
            left = left[before | after]
        tripled = self._borders("".join(characters[k] * 3 + "a" for k in left.tolist()))  # the last space stands off
        classes[left[free[left] & tripled[1::4]]] = APART
        return classes

    def _borders(self, text: str) -> codepoints.Flags:
        """Return where the pieces of ``text`` start, bool[len(text)]."""
        flags = np.zeros(len(text), np.bool_)
        flags[[start for _, (start, _) in self._splitter.pre_tokenize_str(text)]] = True
        return flags


def _blanks(entries: dict[str, int]) -> tuple[Ints, Ints]:
    """Return how many blanks the token of each id begins and ends with, ``int64[V]`` each."""
    blank = CHARACTER_OF[_BLANK]
    begin, end = np.zeros((2, max(entries.values()) + 1), np.int64)
    for entry, number in entries.items():
        begin[number], end[number] = len(entry) - len(entry.lstrip(blank)), len(entry) - len(entry.rstrip(blank))
    return begin, end
