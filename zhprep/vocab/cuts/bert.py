"""Cuts by BERT's rules: spaces, Chinese characters and punctuation stand apart whatever is beside them.

The rules look at one character at a time, so the library is asked once about each: a character X
stands apart if ``aXa`` gives three words.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zhprep.vocab import codepoints
from zhprep.vocab.cuts.cut import Cut, Marks
from zhprep.vocab.runs import Ask, Library


class BertCuts:
    """Gives runs of letters, digits and odd characters to the library, and ids of the rest from a table."""

    def __init__(self, library: Library, marks: Marks, tokens: Ask | None = None) -> None:
        """``tokens`` encodes runs as the library does, if there is a quicker way."""
        self.marks = marks
        self._tokenizer = library.tokenizer
        self.tokens = tokens or library.encode
        self._table = codepoints.CodePointTable(self._ask, marks.dtype, marks.unseen)

    def cut(self, chunk: codepoints.Chunk, whole: codepoints.Flags | None) -> Cut:
        """Return the codes and runs of ``chunk``; the code points flagged in ``whole`` go to runs."""
        codes = self._table.look_up(chunk.points)
        if whole is not None:
            codes[whole] = self.marks.run
        return Cut(codes, *codepoints.run_bounds(codes == self.marks.run, chunk.offsets))

    def _ask(self, characters: list[str]) -> npt.NDArray[Any]:
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
