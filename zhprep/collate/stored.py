"""An instances folder, memory-mapped: any rows of it as flat arrays, however many shards there are.

Nothing is read before it is asked for, so memory does not grow with the corpus (but for four bytes a row to know which
rows are held out).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.collate.rows import Integers, Ragged, Rows
from zhprep.core.errors import DataError
from zhprep.core.ragged import offsets_of
from zhprep.core.shards import open_table, read_manifest


@dataclasses.dataclass(frozen=True)
class _Chunk:
    """One record batch: views into the mapped file."""

    lists: dict[str, Ragged]
    plain: dict[str, npt.NDArray[Any]]


class Instances:
    """The instances in ``folder``; only ``columns`` are looked at.

    Raises ``DataError`` when the folder holds no finished instances or they lack one of ``needs``.
    """

    def __init__(self, folder: Path, *, needs: Iterable[str] = (), takes: Iterable[str] = ()) -> None:
        self.folder = folder
        self.manifest = read_manifest(folder, "instances")
        table = open_table(folder, "instances")
        self.columns = table.schema.names
        wanted = [name for name in dict.fromkeys([*needs, *takes]) if name in self.columns]
        if missing := [name for name in needs if name not in self.columns]:
            raise DataError(
                f"{folder} has no column {', '.join(missing)}; it has {', '.join(self.columns)}",
                hint="make the instances with a format that gives it, or pretrain with another recipe",
            )
        batches = [batch for batch in table.select(wanted).to_batches() if len(batch)]
        self._chunks = [_views(batch) for batch in batches]
        self._starts = offsets_of(np.array([len(batch) for batch in batches], np.int64))
        self.n_rows = int(self._starts[-1])
        if not self.n_rows:
            raise DataError(f"{folder} holds no instances", hint="the corpus may be too short for --max-length")

    @property
    def content_sha256(self) -> str:
        """The hash over the shards' contents, as the manifest has it."""
        return str(self.manifest.get("content_sha256", ""))

    def __len__(self) -> int:
        return self.n_rows

    def plain_chunks(self, name: str) -> Iterator[npt.NDArray[Any]]:
        """Yield a plain column, one record batch at a time."""
        return (chunk.plain[name] for chunk in self._chunks)

    def gather(self, rows: Integers) -> Rows:
        """Return ``rows`` (numbers in the whole folder) in the order given."""
        chunk_of = np.searchsorted(self._starts, rows, side="right") - 1
        chunks = [self._chunks[chunk] for chunk in chunk_of.tolist()]
        found = list(zip(chunks, (rows - self._starts[chunk_of]).tolist(), strict=True))
        first = self._chunks[0]
        return Rows(
            {name: _joined([chunk.lists[name].row(number) for chunk, number in found]) for name in first.lists},
            {name: np.array([chunk.plain[name][number] for chunk, number in found]) for name in first.plain},
        )


def _joined(rows: list[npt.NDArray[Any]]) -> Ragged:
    """Return rows, each ``[L]`` of one dtype, end to end."""
    return Ragged(np.concatenate(rows), offsets_of(np.fromiter(map(len, rows), np.int64, len(rows))))


def _views(batch: pa.RecordBatch) -> _Chunk:
    lists, plain = {}, {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if pa.types.is_list(column.type):
            lists[name] = Ragged(
                column.values.to_numpy(zero_copy_only=True), column.offsets.to_numpy(zero_copy_only=True)
            )
        else:
            plain[name] = column.to_numpy()
    return _Chunk(lists, plain)
