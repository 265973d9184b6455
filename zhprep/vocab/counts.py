"""Distinct pieces with 64-bit counts; the counts of blocks, tasks and machines add up by key."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from zhprep.core.errors import DataError

SCHEMA = pa.schema([pa.field("piece", pa.string()), pa.field("count", pa.int64())])
TOTALS = ("documents", "sentences", "characters")


@dataclasses.dataclass(frozen=True)
class Counts:
    """Distinct pieces: ``table`` (piece, count) sorted by bytes; ``totals`` says what was read.

    ``by_word`` is True when the pieces are words of a segmenter.
    """

    table: pa.Table
    totals: dict[str, int]
    by_word: bool = False

    def as_dict(self) -> dict[str, int]:
        """Return the pieces and their counts as a dict, in order."""
        return dict(zip(self.table["piece"].to_pylist(), self.table["count"].to_pylist(), strict=True))

    @classmethod
    def from_dict(
        cls, pieces: dict[str, int], totals: dict[str, int] | None = None, *, by_word: bool = False
    ) -> Counts:
        """Make a table of pieces and their counts."""
        columns = [pa.array(list(pieces), pa.string()), pa.array(list(pieces.values()), pa.int64())]
        return cls(_grouped(pa.table(columns, schema=SCHEMA)), totals or dict.fromkeys(TOTALS, 0), by_word)


def merge(parts: Iterable[Counts]) -> Counts:
    """Add up counts by piece; neither the order nor the number of the parts matters.

    Raises ``DataError`` when some count words and others do not.
    """
    tables, totals = [SCHEMA.empty_table()], dict.fromkeys(TOTALS, 0)
    units = set()
    for part in parts:
        units.add(part.by_word)
        tables.append(part.table)
        for name in TOTALS:
            totals[name] += part.totals.get(name, 0)
        if len(tables) > 16:  # keeps memory at the size of the distinct pieces, not of the parts
            tables = [_grouped(pa.concat_tables(tables))]
    if len(units) > 1:
        raise DataError(
            "some counts are of words and some of plain text",
            hint="give build-vocab either segmented input or plain text",
        )
    return Counts(_grouped(pa.concat_tables(tables)), totals, True in units)


def _grouped(table: pa.Table) -> pa.Table:
    if not table.num_rows:
        return SCHEMA.empty_table()
    summed = table.group_by("piece").aggregate([("count", "sum")]).rename_columns(["piece", "count"])
    result: Any = summed.select(["piece", "count"]).sort_by("piece").cast(SCHEMA).combine_chunks()
    return result
