"""Count the pieces of text, block by block.

In: record batches of ``text`` or ``words``. Out: :class:`~zhprep.vocab.counts.Counts`. Single characters are counted by
code point. Runs of letters and digits, and words, are made distinct by Arrow; most are pieces as they stand, and the
library sees the others, each distinct one once.
"""

from __future__ import annotations

import functools
import itertools

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.core import arrow
from zhprep.core.errors import UsageError
from zhprep.core.registry import lookup
from zhprep.vocab import codepoints
from zhprep.vocab.config import VocabConfig
from zhprep.vocab.counts import TOTALS, Counts, Tally
from zhprep.vocab.standing import ALONE, JOINED, Standing
from zhprep.vocab.types import TYPES

Ints = npt.NDArray[np.int64]


def count(batch: pa.RecordBatch, config: VocabConfig) -> Counts:
    """Count the pieces of one record batch of ``text`` or ``words``."""
    counter = Counter(config)
    counter.add(batch)
    return counter.counts()


@functools.lru_cache(maxsize=8)
def standing_of(config: VocabConfig, by_word: bool) -> Standing:
    """Return how characters stand by the rules of ``config``: what one block has asked, the next one knows."""
    return Standing(lookup(TYPES, config.type, "vocabulary type").splitter(config, by_word))


class Counter:
    """Counts over the batches of a block."""

    def __init__(self, config: VocabConfig) -> None:
        kind = lookup(TYPES, config.type, "vocabulary type")
        self._config = config
        self._takes_words = kind.by_word
        self._by_word = kind.by_word == "required"
        self._totals = dict.fromkeys(TOTALS, 0)
        self._singles = np.zeros(0, np.int64)
        self._pieces, self._odd = Tally(pa.binary()), Tally(pa.binary())

    def add(self, batch: pa.RecordBatch) -> None:
        """Count the text of ``batch``.

        Raises ``UsageError`` when the vocabulary type counts words and the batch has none.
        """
        sentences = arrow.items(batch["sentences"])
        self._totals["documents"] += len(batch)
        self._totals["sentences"] += len(sentences)
        has_words = "ends" in batch.schema.names
        if self._takes_words == "required" and not has_words:
            raise UsageError(
                f"a vocabulary of type {self._config.type!r} is made of words, and this text has no word boundaries",
                hint="segment it first: zhprep segment INPUT -o WORDS",
            )
        self._by_word = has_words and self._takes_words != "no"
        ends = arrow.items(batch["ends"]) if self._by_word else None
        for chunk in codepoints.chunks(sentences):
            self._totals["characters"] += len(chunk.points)
            classes = self._standing.of(chunk.points)
            if ends is None:
                self._add_text(chunk, classes)
            else:
                self._add_words(chunk, classes, ends)

    @property
    def _standing(self) -> Standing:
        return standing_of(self._config, self._by_word)

    def counts(self) -> Counts:
        """Return what was counted so far."""
        total = Tally(pa.string())
        singles = np.flatnonzero(self._singles).astype(np.uint32)
        each = np.arange(len(singles))
        total.add(codepoints.as_text(codepoints.slices(singles, each, each + 1)), self._singles[singles])
        pieces, amounts = self._pieces.result()
        total.add(codepoints.as_text(pieces), amounts)
        total.add(*self._split())
        return Counts.from_tally(total, dict(self._totals), by_word=self._by_word)

    def _split(self) -> tuple[pa.Array, Ints]:
        """Return the pieces, as the library has them, of the runs that it must see, and their counts, ``int64[P]``."""
        runs, amounts = self._odd.result()
        pieces = [self._standing.splitter.split(run.decode("utf-32-le")) for run in runs.to_pylist()]
        flat = itertools.chain.from_iterable(pieces)
        return pa.array(flat, pa.string()), np.repeat(amounts, [len(found) for found in pieces])

    def _add_text(self, chunk: codepoints.Chunk, classes: npt.NDArray[np.uint8]) -> None:
        """Count a chunk whose code points have ``classes`` ``uint8[C]``."""
        self._add_singles(self._standing.becomes[chunk.points[classes == ALONE]])
        self._add_runs(chunk, classes, *codepoints.run_bounds(classes >= JOINED, chunk.offsets))

    def _add_words(self, chunk: codepoints.Chunk, classes: npt.NDArray[np.uint8], ends: pa.Array) -> None:
        """Count a chunk by its words; ``classes`` are ``uint8[C]``, ``ends`` ``list<int32>[S]`` of all sentences."""
        starts, stops = codepoints.word_bounds(chunk, ends)
        if self._standing.splitter.space_opens_word and len(starts):
            space = (chunk.points[starts] == ord(" ")) & (stops - starts == 1)
            space[-1] = False
            space &= ~np.isin(stops, chunk.offsets)
            opened = np.concatenate((np.zeros(1, np.bool_), space[:-1]))
            starts, stops = starts[~opened], stops[~space]
        self._add_runs(chunk, classes, starts, stops)

    def _add_singles(self, points: codepoints.Points) -> None:
        """Count characters (``uint32[N]``) that are pieces by themselves."""
        amounts = np.bincount(points)
        if len(amounts) > len(self._singles):
            amounts, self._singles = self._singles, amounts
        self._singles[: len(amounts)] += amounts

    def _add_runs(self, chunk: codepoints.Chunk, classes: npt.NDArray[np.uint8], starts: Ints, stops: Ints) -> None:
        """Count the runs (``starts``, ``stops`` ``int64[R]``) that are pieces as they stand, and those that the library
        must see, apart; ``classes`` are ``uint8[C]``."""
        n_others = np.zeros(len(classes) + 1, np.int64)
        np.cumsum(classes != JOINED, out=n_others[1:])
        odd = n_others[starts] != n_others[stops]
        self._pieces.add_each(codepoints.slices(self._standing.becomes[chunk.points], starts[~odd], stops[~odd]))
        self._odd.add_each(codepoints.slices(chunk.points, starts[odd], stops[odd]))
