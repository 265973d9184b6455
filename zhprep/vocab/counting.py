"""Count the distinct pieces of a text with 64-bit counts; counts of blocks are merged by key.

In: record batches of ``text`` or ``words``. Out: :class:`Counts`, a table (piece, count) sorted by
the bytes of the piece, with what was read. Single characters are counted by code point; runs of
letters and digits, and words, are made distinct by Arrow before the library sees them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from zhprep.core.errors import DataError, UsageError
from zhprep.vocab import codepoints
from zhprep.vocab.config import VocabConfig
from zhprep.vocab.pieces import Splitter

SCHEMA = pa.schema([pa.field("piece", pa.string()), pa.field("count", pa.int64())])
TOTALS = ("documents", "sentences", "characters")
SPACE, SINGLE, RUN, UNSEEN = 0, 1, 2, 3


@dataclasses.dataclass(frozen=True)
class Counts:
    """Distinct pieces: ``table`` (piece, count) sorted by bytes; ``totals`` says what was read."""

    table: pa.Table
    totals: dict[str, int]

    def as_dict(self) -> dict[str, int]:
        """Return the pieces and their counts as a dict, in order."""
        return dict(zip(self.table["piece"].to_pylist(), self.table["count"].to_pylist(), strict=True))

    @classmethod
    def from_pairs(cls, pairs: Iterable[tuple[str, int]], totals: dict[str, int] | None = None) -> Counts:
        """Make a table of (piece, count) pairs; equal pieces are added up."""
        pieces, counts = [], []
        for piece, count in pairs:
            pieces.append(piece)
            counts.append(count)
        table = pa.table([pa.array(pieces, pa.string()), pa.array(counts, pa.int64())], schema=SCHEMA)
        return cls(_grouped(table), totals or dict.fromkeys(TOTALS, 0))


def merge(parts: Iterable[Counts]) -> Counts:
    """Add up counts by piece; the order of the parts does not matter."""
    tables, totals = [SCHEMA.empty_table()], dict.fromkeys(TOTALS, 0)
    for part in parts:
        tables.append(part.table.cast(SCHEMA))
        for name in TOTALS:
            totals[name] += part.totals.get(name, 0)
        if len(tables) > 16:  # keeps memory at the size of the distinct pieces, not of the parts
            tables = [_grouped(pa.concat_tables(tables))]
    return Counts(_grouped(pa.concat_tables(tables)), totals)


def count(batch: pa.RecordBatch, config: VocabConfig) -> Counts:
    """Count the pieces of one record batch of ``text`` or ``words``."""
    counter = Counter(config)
    counter.add(batch)
    return counter.counts()


class Counter:
    """Counts over the batches of a block; the library sees each distinct run once, at the end."""

    def __init__(self, config: VocabConfig) -> None:
        from zhprep.vocab.types import TYPES

        kind = TYPES[config.type]
        self._by_word = kind.by_word
        self._splitter = kind.splitter(config)
        self._kind = config.type
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
        if self._by_word == "required" and not has_words:
            raise UsageError(
                f"a vocabulary of type {self._kind!r} is made of words, and this text has no word boundaries",
                hint="segment it first: zhprep segment INPUT -o WORDS",
            )
        ends = batch["ends"].flatten() if has_words and self._by_word != "no" else None
        for chunk in codepoints.chunks(sentences):
            self._totals["characters"] += len(chunk.points)
            if ends is None:
                self._add_chunk(chunk)
            else:
                self._add_words(chunk, ends.slice(chunk.first, len(chunk.offsets) - 1))

    def counts(self) -> Counts:
        """Return what was counted so far."""
        totals: dict[str, int] = {}
        for point in np.flatnonzero(self._singles).tolist():
            for piece in self._splitter.split(chr(point)):
                totals[piece] = totals.get(piece, 0) + int(self._singles[point])
        for run, amount in self._runs.items():
            for piece in self._splitter.split(run.decode("utf-32-le")):
                totals[piece] = totals.get(piece, 0) + amount
        return Counts.from_pairs(totals.items(), dict(self._totals))

    def _add_chunk(self, chunk: codepoints.Chunk) -> None:
        codes = self._table.look_up(chunk.points)
        self._singles += np.bincount(chunk.points[codes == SINGLE], minlength=codepoints.N_CODE_POINTS)
        starts, stops = codepoints.run_bounds(codes == RUN, chunk.offsets)
        self._add_runs(codepoints.slices(chunk.points, starts, stops))

    def _add_words(self, chunk: codepoints.Chunk, ends: pa.Array) -> None:
        starts, stops = word_bounds(chunk, ends)
        self._add_runs(codepoints.slices(chunk.points, starts, stops))

    def _add_runs(self, runs: pa.Array) -> None:
        found = pc.value_counts(runs)
        known = self._runs
        for run, amount in zip(found.field(0).to_pylist(), found.field(1).to_pylist(), strict=True):
            known[run] = known.get(run, 0) + amount

    def _classify(self, characters: list[str]) -> list[int]:
        return [_class(self._splitter.split, character) for character in characters]


def word_bounds(chunk: codepoints.Chunk, ends: pa.Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return where the words of a chunk start and stop in its points.

    ``ends`` is list<int32>, one list per sentence of the chunk. Raises ``DataError`` where the words
    do not cover a sentence exactly.
    """
    n_words = np.diff(ends.offsets.to_numpy().astype(np.int64))
    stops = ends.flatten().to_numpy().astype(np.int64) + np.repeat(chunk.offsets[:-1], n_words)
    starts = np.concatenate((np.zeros(1, np.int64), stops[:-1])) if len(stops) else stops
    last = np.cumsum(n_words) - 1
    reached = np.where(n_words > 0, stops[np.maximum(last, 0)] if len(stops) else 0, chunk.offsets[:-1])
    wrong = np.flatnonzero(reached != chunk.offsets[1:])
    if len(wrong) or (stops < starts).any():
        where = chunk.first + (int(wrong[0]) if len(wrong) else 0)
        raise DataError(f"sentence {where} of the batch: its words do not join to its text", hint="segment it again")
    return starts, stops


def _class(split: Callable[[str], list[str]], character: str) -> int:
    """Say how a character stands in text: as a space, as a piece of its own, or as part of a run."""
    pieces = split(f"a{character}a")
    if len(pieces) < 2 or pieces[0] != "a" or pieces[-1] != "a":
        return RUN
    middle = pieces[1:-1]
    return SINGLE if len(middle) == 1 else (RUN if middle else SPACE)


def _grouped(table: pa.Table) -> pa.Table:
    if not table.num_rows:
        return SCHEMA.empty_table()
    summed = table.group_by("piece").aggregate([("count", "sum")]).rename_columns(["piece", "count"])
    result: Any = summed.select(["piece", "count"]).sort_by("piece").cast(SCHEMA).combine_chunks()
    return result
