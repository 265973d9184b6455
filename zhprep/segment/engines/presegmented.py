"""Text segmented elsewhere: each sentence is a line of words (see ``wordline``)."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa

from zhprep.core.errors import DataError
from zhprep.segment.config import SegmentConfig
from zhprep.segment.cuts import Cuts, split
from zhprep.segment.wordline import parse_words


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
        texts, ends = [], []
        for number, line in enumerate(sentences.to_pylist()):
            try:
                text, places = parse_words(line)
            except DataError as error:
                raise DataError(f"sentence {number + 1} of the batch: {error}", hint=error.hint) from error
            texts.append(text)
            ends.append(places)
        offsets = np.cumsum([0, *map(len, ends)])
        flat = np.fromiter(itertools.chain.from_iterable(ends), np.int32, int(offsets[-1]))
        return Cuts(offsets, flat, pa.array(texts, pa.string()))
