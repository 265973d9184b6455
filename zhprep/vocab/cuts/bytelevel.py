"""Cuts by GPT-2's rules over bytes (RoBERTa's BBPE), in the text and inside its runs of letters.

GPT-2 splits text into runs of letters, digits, others and spaces; what a character is, the library is
asked. A run of letters without spaces is a whole Chinese clause, so it is cut further: between two
characters that stand side by side inside no token, no merge can reach across, and both sides have
the tokens they have together (every merge makes a token of the vocabulary). A token may begin or end
within a character; such ends stand for all characters that share the bytes.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from zhprep.vocab import codepoints
from zhprep.vocab.bytemap import token_bytes
from zhprep.vocab.cuts.cut import Cut, Marks

SPACE, OTHER, NUMBER, LETTER, APART = range(5)
APOSTROPHE = ord("'")
CHARACTER = re.compile(rb"[\x80-\xBF]+|[^\x80-\xBF][\x80-\xBF]*")
"""A character of UTF-8, or what is left of one at the beginning of a token."""


class ByteLevelCuts:
    """Gives the library what cannot be cut, and ids of characters with cuts on both sides from a table."""

    def __init__(self, tokenizer: Tokenizer, marks: Marks) -> None:
        self.marks = marks
        self._tokenizer = tokenizer
        self._junctions = Junctions(tokenizer.get_vocab(with_added_tokens=False))
        self._classes = np.zeros(codepoints.N_CODE_POINTS, np.uint8)
        self._table = codepoints.CodePointTable(self._ask, marks.dtype, marks.unseen)
        self._table.look_up(self._junctions.points())

    def cut(self, chunk: codepoints.Chunk, whole: codepoints.Flags | None) -> Cut:
        """Return the codes and runs of ``chunk``; the code points flagged in ``whole`` go to runs uncut."""
        points = chunk.points
        codes = self._table.look_up(points)
        before = np.ones(len(points) + 1, np.bool_)  # a cut before each code point, and one at the end
        before[1:-1] = self._between(points)
        if whole is not None:
            before[1:-1][whole[1:]] = False
        before[chunk.offsets] = True
        run = ~(before[:-1] & before[1:]) | (codes == self.marks.run)
        if whole is not None:
            run |= whole
        codes[run] = self.marks.run
        return Cut(codes, np.flatnonzero(run & before[:-1]), np.flatnonzero(run & before[1:]) + 1)

    def _between(self, points: codepoints.Points) -> codepoints.Flags:
        """Return where text may be cut between neighbours, bool[C-1]."""
        classes = self._classes.take(points, mode="clip")
        left, right = classes[:-1], classes[1:]
        free = (left != right) | (left == APART)
        ascii_letter = (points < 128) & (classes == LETTER)
        inside = (left == LETTER) & (right == LETTER) & ~(ascii_letter[:-1] & ascii_letter[1:])
        free |= inside & ~self._junctions.joined(points)
        free &= (left != SPACE) & (points[:-1] != APOSTROPHE)  # a space goes with what follows it, and 's is one piece
        result: codepoints.Flags = free | (right == APART)
        return result

    def _ask(self, characters: list[str]) -> list[int]:
        """Return for each character its id when alone, or the mark of a run; note its class and its junctions."""
        self._classes[[ord(character) for character in characters]] = self._classify(characters)
        self._junctions.add(characters)
        answer = self._tokenizer.encode(characters, is_pretokenized=True, add_special_tokens=False)
        n_tokens = np.bincount(np.array(answer.word_ids, np.int64), minlength=len(characters)).tolist()
        first = dict(zip(reversed(answer.word_ids), reversed(answer.ids), strict=True))
        return [first[number] if n == 1 else self.marks.run for number, n in enumerate(n_tokens)]

    def _classify(self, characters: list[str]) -> npt.NDArray[np.uint8]:
        """Ask the library which of N characters make a piece with a letter, a digit or a mark on both sides:
        ``uint8[N]``."""
        n = len(characters)
        free = np.ones(n, np.bool_)
        classes = np.full(n, SPACE, np.uint8)
        for side, kind in (("a", LETTER), ("1", NUMBER), ("!", OTHER)):
            cut = self._borders(side + "".join(character + side for character in characters))
            before, after = cut[1 : 2 * n : 2], cut[2 : 2 * n + 1 : 2]
            classes[~before & ~after] = kind
            free &= before & after
        tripled = self._borders("".join(character * 3 + "a" for character in characters))  # the last space stands off
        classes[free & tripled[1::4]] = APART
        return classes

    def _borders(self, text: str) -> codepoints.Flags:
        """Return where the pieces of ``text`` start, bool[len(text)]."""
        flags = np.zeros(len(text), np.bool_)
        flags[[start for _, (start, _) in self._tokenizer.pre_tokenizer.pre_tokenize_str(text)]] = True
        return flags


class Junctions:
    """Which characters stand side by side inside a token of the vocabulary."""

    def __init__(self, vocabulary: Iterable[str]) -> None:
        self._pairs: dict[bytes, set[bytes]] = {}
        for token in vocabulary:
            for left, right in _sides(token_bytes(token)):
                self._pairs.setdefault(left, set()).add(right)
        self._ends = frozenset(self._pairs)
        self._beginnings = frozenset(right for rights in self._pairs.values() for right in rights)
        self._left_kinds: dict[frozenset[bytes], int] = {frozenset(): 0}
        self._right_kinds: dict[frozenset[bytes], int] = {frozenset(): 0}
        self._left = np.zeros(codepoints.N_CODE_POINTS, np.uint16)
        self._right = np.zeros(codepoints.N_CODE_POINTS, np.uint16)
        self._joined = np.zeros((1, 1), np.bool_)
        self._stale = False

    def points(self) -> codepoints.Points:
        """Return the characters that stand whole beside another in some token."""
        found: set[str] = set()
        for side in self._ends | self._beginnings:
            text = side.decode("utf-8", errors="ignore")
            found.update(text if text.encode() == side else "")
        return np.array(sorted(map(ord, found)), np.uint32)

    def add(self, characters: list[str]) -> None:
        """Note which ends and beginnings of tokens each character matches."""
        before = len(self._left_kinds), len(self._right_kinds)
        for character in characters:
            raw = character.encode()
            ends = self._ends.intersection(raw[k:] for k in range(len(raw)))
            beginnings = self._beginnings.intersection(raw[:k] for k in range(1, len(raw) + 1))
            self._left[ord(character)] = self._left_kinds.setdefault(ends, len(self._left_kinds))
            self._right[ord(character)] = self._right_kinds.setdefault(beginnings, len(self._right_kinds))
        self._stale |= before != (len(self._left_kinds), len(self._right_kinds))

    def joined(self, points: codepoints.Points) -> codepoints.Flags:
        """Return for each pair of neighbours whether some token may hold both, bool[C-1]."""
        if self._stale:
            self._fill()
        left = self._left.take(points[:-1], mode="clip").astype(np.int32)
        right = self._right.take(points[1:], mode="clip")
        flags: codepoints.Flags = self._joined.ravel().take(left * self._joined.shape[1] + right, mode="clip")
        return flags

    def _fill(self) -> None:
        """Make the table of all kinds of left and right neighbours anew."""
        holders: dict[bytes, list[int]] = {}
        for beginnings, number in self._right_kinds.items():
            for beginning in beginnings:
                holders.setdefault(beginning, []).append(number)
        table: npt.NDArray[np.bool_] = np.zeros((len(self._left_kinds), len(self._right_kinds)), np.bool_)
        rows: list[int] = []
        columns: list[int] = []
        for ends, number in self._left_kinds.items():
            for beginning in {beginning for end in ends for beginning in self._pairs[end]}:
                found = holders.get(beginning, [])
                columns.extend(found)
                rows.extend([number] * len(found))
        table[rows, columns] = True
        self._joined, self._stale = table, False


def _sides(raw: bytes | None) -> Iterable[tuple[bytes, bytes]]:
    """Return what stands left and right of each character border inside a token, as far as one character goes."""
    return itertools.pairwise(CHARACTER.findall(raw or b""))
