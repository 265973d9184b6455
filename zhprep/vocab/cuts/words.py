"""Cuts at given word borders, for vocabularies made of words."""

from __future__ import annotations

import numpy as np

from zhprep.vocab import codepoints
from zhprep.vocab.cuts.cut import Cut, Marks


class WordCuts:
    """Gives each word to the library, as if there were spaces around it."""

    def __init__(self, marks: Marks) -> None:
        self.marks = marks

    def cut(self, chunk: codepoints.Chunk, ends: object) -> Cut:
        """Return every word as a run; raises ``DataError`` where ``ends`` do not cover the sentences."""
        starts, stops = codepoints.word_bounds(chunk, ends)
        return Cut(np.full(len(chunk.points), self.marks.run, self.marks.dtype), starts, stops)
