"""The sentences on which models are compared: of any text the same ones for every model.

In: a file or folder of text that was cleaned (``held-out``, beside the data of ``zhprep run``, or lines). Out: up to
:data:`MOST` distinct sentences of it, those whose hashes are smallest: a sample that is not changed by the order or the
number of the files.
"""

from __future__ import annotations

import dataclasses
import hashlib
import heapq
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from zhprep.collate.rows import Integers
from zhprep.core import arrow
from zhprep.core.corpus import ReadConfig, find_inputs, read_input
from zhprep.core.errors import DataError, UsageError
from zhprep.core.report import Account

MOST = 5000
"""Sentences that are drawn of a larger text: about 25,000 hidden tokens for each mask."""

_CLEANED = "give UTF-8 text, one sentence a line, or what `zhprep normalize TEXT -o DIR` makes of any"


@dataclasses.dataclass(frozen=True)
class SampledSentences:
    """Distinct sentences, and for each the hash by which it was drawn (``[N]`` both, by rising hash)."""

    texts: list[str]
    hashes: list[int]

    @property
    def numbers(self) -> Integers:
        """A number for each that is its own wherever it stands (int64 ``[N]``): what its masks are drawn with."""
        return np.array(self.hashes, np.uint64).astype(np.int64)

    @cached_property
    def facts(self) -> dict[str, Any]:
        """How many sentences and characters these are, and the hash of their text."""
        text = "\n".join(self.texts)
        characters = sum(map(len, self.texts))
        return {
            "sentences": len(self.texts),
            "characters": characters,
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
        }


def read_sentences(source: Path, most: int = MOST) -> SampledSentences:
    """Return the sentences drawn from ``source``, a file or folder in any format that zhprep reads.

    Lines are taken as they are, without spaces at their ends. Raises ``DataError`` where there is no sentence, or what
    is there is not text.
    """
    kept: dict[str, int] = {}
    try:
        for lines in _lines(source):
            kept |= {sentence: _hash(sentence) for line in lines if (sentence := line.strip())}
            if len(kept) > 4 * most:
                kept = dict(_smallest(kept, most))
    except (DataError, UsageError) as error:  # whose hints are options that commands have which read any text
        raise type(error)(str(error), hint=_CLEANED) from error
    if not kept:
        raise DataError(f"{source}: there is no sentence in it", hint="give text, one sentence a line")
    drawn = _smallest(kept, most)
    return SampledSentences([text for text, _ in drawn], [number for _, number in drawn])


def _lines(source: Path) -> Iterator[list[str]]:
    """Yield the lines of ``source``, a batch of documents at a time."""
    for one in find_inputs((str(source),)):
        for batch in read_input(one, ReadConfig(), Account()):
            yield arrow.items(batch.column("sentences")).to_pylist()


def _smallest(hashes: dict[str, int], most: int) -> list[tuple[str, int]]:
    return heapq.nsmallest(most, hashes.items(), key=lambda pair: (pair[1], pair[0]))


def _hash(sentence: str) -> int:
    """Return 64 bits that are a function of the sentence alone."""
    return int.from_bytes(hashlib.blake2b(sentence.encode(), digest_size=8).digest(), "little")
