"""No cuts: each sentence is one run. Exact for any tokenizer, and as slow as it is."""

from __future__ import annotations

import numpy as np

from zhprep.vocab import codepoints
from zhprep.vocab.cuts.cut import Cut, Marks
from zhprep.vocab.runs import Library


class SentenceCuts:
    """Gives whole sentences to the library."""

    quick = None

    def __init__(self, library: Library, marks: Marks) -> None:
        self.tokens = library.encode
        self.marks = marks

    def cut(self, chunk: codepoints.Chunk, whole: codepoints.Flags | None) -> Cut:  # noqa: ARG002 all are whole
        """Return every sentence that is not empty as a run."""
        filled = np.diff(chunk.offsets) > 0
        codes = np.full(len(chunk.points), self.marks.run, self.marks.dtype)
        return Cut(codes, chunk.offsets[:-1][filled], chunk.offsets[1:][filled])
