"""Count the pieces of text, block by block.

In: record batches of ``text`` or ``words``. Out: :class:`~zhprep.vocab.counts.Counts`. Single
characters are counted by code point; runs of letters and digits, and words, are made distinct by
Arrow before the library sees them.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhprep.core.errors import UsageError
from zhprep.core.registry import lookup
from zhprep.vocab import codepoints
from zhprep.vocab.config import VocabConfig
from zhprep.vocab.counts import TOTALS, Counts
from zhprep.vocab.pieces import Splitter
from zhprep.vocab.types import TYPES

SPACE, SINGLE, RUN, UNSEEN = 0, 1, 2, 255


def count(batch: pa.RecordBatch, config: VocabConfig) -> Counts:
    """Count the pieces of one record batch of ``text`` or ``words``."""
    counter = Counter(config)
    counter.add(batch)
    return counter.counts()


class Counter:
    """Counts over the batches of a block; the library sees each distinct run once, at the end."""

    def __init__(self, config: VocabConfig) -> None:
        kind = lookup(TYPES, config.type, "vocabulary type")
        self._kind = config.type
        self._takes_words = kind.by_word
        self._by_word = kind.by_word == "required"
        self._splitters = {by_word: kind.splitter(config, by_word) for by_word in (False, True)}
        self._totals = dict.fromkeys(TOTALS, 0)
        self._runs: dict[bytes, int] = {}
        self._singles = np.zeros(codepoints.N_CODE_POINTS, np.int64)
        self._table = codepoints.Table(self._classify, np.uint8, UNSEEN)

    def add(self, batch: pa.RecordBatch) -> None:
        """Count the text of ``batch``.

        Raises ``UsageError`` when the vocabulary type counts words and the batch has none.
        """
        sentences = batch["sentences"].flatten()
        self._totals["documents"] += len(batch)
        self._totals["sentences"] += len(sentences)
        has_words = "ends" in batch.schema.names
        if self._takes_words == "required" and not has_words:
            raise UsageError(
                f"a vocabulary of type {self._kind!r} is made of words, and this text has no word boundaries",
                hint="segment it first: zhprep segment INPUT -o WORDS",
            )
        self._by_word = has_words and self._takes_words != "no"
        ends = batch["ends"].flatten() if self._by_word else None
        for chunk in codepoints.chunks(sentences):
            self._totals["characters"] += len(chunk.points)
            if ends is None:
                self._add_text(chunk)
            else:
                self._add_words(chunk, ends)

    @property
    def _splitter(self) -> Splitter:
        return self._splitters[self._by_word]

    def counts(self) -> Counts:
        """Return what was counted so far."""
        totals: dict[str, int] = {}
        for point in np.flatnonzero(self._singles).tolist():
            for piece in self._splitter.split(chr(point)):
                totals[piece] = totals.get(piece, 0) + int(self._singles[point])
        for run, amount in self._runs.items():
            for piece in self._splitter.split(run.decode("utf-32-le")):
                totals[piece] = totals.get(piece, 0) + amount
        return Counts.from_dict(totals, dict(self._totals), by_word=self._by_word)

    def _add_text(self, chunk: codepoints.Chunk) -> None:
        codes = self._table.look_up(chunk.points)
        self._singles += np.bincount(chunk.points[codes == SINGLE], minlength=codepoints.N_CODE_POINTS)
        starts, stops = codepoints.run_bounds(codes == RUN, chunk.offsets)
        self._add_runs(codepoints.slices(chunk.points, starts, stops))

    def _add_words(self, chunk: codepoints.Chunk, ends: pa.Array) -> None:
        starts, stops = codepoints.word_bounds(chunk, ends)
        if self._splitter.space_opens_word and len(starts):
            space = (chunk.points[starts] == ord(" ")) & (stops - starts == 1)
            space[-1] = False
            space &= ~np.isin(stops, chunk.offsets)
            opened = np.concatenate((np.zeros(1, np.bool_), space[:-1]))
            starts, stops = starts[~opened], stops[~space]
        self._add_runs(codepoints.slices(chunk.points, starts, stops))

    def _add_runs(self, runs: pa.Array) -> None:
        found = pc.value_counts(runs)
        known = self._runs
        for run, amount in zip(found.field(0).to_pylist(), found.field(1).to_pylist(), strict=True):
            known[run] = known.get(run, 0) + amount

    def _classify(self, characters: list[str]) -> list[int]:
        return [_class(self._splitter, character) for character in characters]


def _class(splitter: Splitter, character: str) -> int:
    """Say how a character stands in text, whatever is beside it: as a space, as a piece of its own, or in a run."""
    alone = splitter.split(character)
    if splitter.split(character * 2) != alone * 2 or len(alone) > 1:
        return RUN
    for side in "a1!":
        if splitter.split(f"{side}{character}{side}") != [side, *alone, side]:
            return RUN
    return SINGLE if alone else SPACE
