"""Distinct pieces with 64-bit counts; the counts of blocks, tasks and machines add up by key."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from zhprep.core.errors import DataError

SCHEMA = pa.schema([pa.field("piece", pa.string()), pa.field("count", pa.int64())])
AT_ONCE = 1 << 20
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

    Memory stays at a few times the distinct pieces, whatever the number of parts.
    Raises ``DataError`` when some count words and others do not.
    """
    merged, new, totals = SCHEMA.empty_table(), [], dict.fromkeys(TOTALS, 0)
    units = set()
    for part in parts:
        units.add(part.by_word)
        new.append(part.table)
        for name in TOTALS:
            totals[name] += part.totals.get(name, 0)
        if sum(table.num_rows for table in new) > max(AT_ONCE, merged.num_rows):
            merged, new = _grouped(pa.concat_tables([merged, *new])), []
    if len(units) > 1:
        raise DataError(
            "some counts are of words and some of plain text",
            hint="give build-vocab either segmented input or plain text",
        )
    return Counts(_grouped(pa.concat_tables([merged, *new])), totals, True in units)


def _grouped(table: pa.Table) -> pa.Table:
    if not table.num_rows:
        return SCHEMA.empty_table()
    summed = table.group_by("piece").aggregate([("count", "sum")]).rename_columns(["piece", "count"])
    result: Any = summed.select(["piece", "count"]).sort_by("piece").cast(SCHEMA).combine_chunks()
    return result
