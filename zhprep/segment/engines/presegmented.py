"""Text segmented elsewhere: each sentence is a line of words (see ``wordline``)."""

from __future__ import annotations

import pyarrow as pa

from zhprep.segment.config import SegmentConfig
from zhprep.segment.cuts import Cuts, split
from zhprep.segment.wordline import parse_words
from zhprep.segment.wordlines import parse_lines


class Presegmented:
    """Take the words as they stand between spaces (``--cws presegmented``)."""

    name = "presegmented"

    def __init__(self, config: SegmentConfig) -> None:
        del config  # nothing to choose

    def fingerprint(self) -> str:
        """Return the name: the words come with the text."""
        return "presegmented"

    def cut(self, sentences: list[str]) -> list[list[str]]:
        """Return the words of each line."""
        return [split(*parse_words(line)) for line in sentences]

    def ends(self, sentences: pa.Array) -> Cuts:
        """Return the words, and the sentences without the notation."""
        return parse_lines(sentences)
