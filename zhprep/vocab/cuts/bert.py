"""Cuts by BERT's rules: spaces, Chinese characters and punctuation stand apart whatever is beside them.

The rules look at one character at a time, so the library is asked once about each: a character X
stands apart if ``aXa`` gives three words.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zhprep.core.compiled import Kernel, Loop, address
from zhprep.vocab import codepoints
from zhprep.vocab.cuts import bert_loop
from zhprep.vocab.cuts.cut import Cut, Marks
from zhprep.vocab.cuts.longest import LongestEntries
from zhprep.vocab.runs import Library

_CUT = Kernel(bert_loop.cut, bert_loop.SIGNATURE)


class BertCuts:
    """Gives runs of letters, digits and odd characters to the library, and ids of the rest from a table."""

    def __init__(self, library: Library, marks: Marks, longest: LongestEntries | None = None) -> None:
        """``longest`` encodes as the library does, where there is nothing but its rule."""
        self.marks = marks
        self._tokenizer, self._longest = library.tokenizer, longest
        self.tokens = longest.encode if longest is not None else library.encode
        self.quick = longest.find if longest is not None else None
        self._table = codepoints.CodePointTable(self._ask, marks.dtype, marks.unseen)

    def cut(self, chunk: codepoints.Chunk, whole: codepoints.Flags | None) -> Cut:
        """Return the codes and runs of ``chunk``; the code points flagged in ``whole`` go to runs."""
        loop = _CUT.get(len(chunk.points)) if whole is None and self.marks.dtype == np.uint16 else None
        if loop is not None:
            return self.by_loop(loop, chunk)
        codes = self._table.look_up(chunk.points)
        if whole is not None:
            codes[whole] = self.marks.run
        return Cut(codes, *codepoints.run_bounds(codes == self.marks.run, chunk.offsets))

    def by_loop(self, loop: Loop, chunk: codepoints.Chunk) -> Cut:
        """Return the codes and runs as the compiled loop finds them."""
        points, offsets, table = chunk.points, np.ascontiguousarray(chunk.offsets, np.int64), self._table.values
        codes, (starts, stops) = np.empty(len(points), np.uint16), np.empty((2, len(points)), np.int64)
        counts = np.zeros(2, np.int64)
        for _ in range(2):  # once more if there were new ones
            loop(
                address(points, np.uint32), address(offsets, np.int64), len(offsets) - 1,
                address(table, np.uint16), self.marks.unseen, self.marks.run,
                address(codes, np.uint16), address(starts, np.int64), address(stops, np.int64),
                address(counts, np.int64),
            )  # fmt: skip
            if not counts[bert_loop.N_UNSEEN]:
                break
            self._table.learn(points[codes == self.marks.unseen])
        n_runs = int(counts[bert_loop.N_RUNS])
        return Cut(codes, starts[:n_runs].copy(), stops[:n_runs].copy())

    def _ask(self, characters: list[str]) -> npt.NDArray[Any]:
        """Return for each of N characters its id, space or run, ``int64[N]``."""
        if self._longest is None:
            return self._ask_library(characters)
        codes = np.array([self._longest.ideograph(character) for character in characters], np.int64)
        others = np.flatnonzero(codes < 0)
        if len(others):
            codes[others] = self._ask_library([characters[number] for number in others.tolist()])
        return codes

    def _ask_library(self, characters: list[str]) -> npt.NDArray[Any]:
        """Return for each of N characters its id if it stands apart as one token, else what it is, space or run:
        ``int64[N]``.

        All are asked at once, with letters between them: ``aXaYaZa``.
        """
        answer = self._tokenizer.encode(
            "a" + "".join(f"{character}a" for character in characters), add_special_tokens=False
        )
        places = np.array(answer.offsets, np.int64).reshape(-1, 2)
        starts, stops = np.append(places[:, 0], len(characters) * 2 + 1), np.append(places[:, 1], 0)
        words, ids = np.append(np.array(answer.word_ids, np.int64), -1), np.append(np.array(answer.ids, np.int64), 0)
        here = np.arange(len(characters)) * 2 + 1
        token = np.searchsorted(starts, here)
        before, after = words[token - 1], words[np.minimum(token + 1, len(words) - 1)]
        after_it = starts[np.minimum(token + 1, len(starts) - 1)]
        alone = (starts[token] == here) & (stops[token] == here + 1) & (after_it == here + 1)
        alone &= (before != words[token]) & (after != words[token])
        space = (starts[token] == here + 1) & (stops[token - 1] == here) & (before != words[token])
        return np.where(alone, ids[token], np.where(space, self.marks.space, self.marks.run))
