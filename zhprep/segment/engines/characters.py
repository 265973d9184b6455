"""Every character is a word."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from zhprep.segment.config import SegmentConfig
from zhprep.segment.cuts import Cuts, from_lengths, lengths_of


class CharacterEngine:
    """Cut after every code point (``--cws characters``): character masking, character vocabularies."""

    name = "characters"

    def __init__(self, config: SegmentConfig) -> None:
        del config  # nothing to choose

    def fingerprint(self) -> str:
        """Return the name: there is nothing that could differ."""
        return "characters"

    def cut(self, sentences: list[str]) -> list[list[str]]:
        """Return the characters of each sentence."""
        return [list(sentence) for sentence in sentences]

    def ends(self, sentences: pa.Array) -> Cuts:
        """Return 1, 2, 3, … for each sentence."""
        lengths = lengths_of(sentences)
        return from_lengths(np.ones(int(lengths.sum()), np.int64), lengths)
