"""From rows to the tensors that a model takes: one function for every batch, by the table of columns."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zhprep.collate.columns import AXES, COLUMNS, Axis, Column
from zhprep.collate.rows import Integers, Ragged, Rows
from zhprep.core.ragged import counts_within, sizes_of
from zhprep.core.registry import lookup


@dataclasses.dataclass(frozen=True)
class Padding:
    """How rows become rectangles: padded to the longest, up to a ``multiple``, but never beyond ``longest``, which the
    model can take (0: any length).

    Columns along masked tokens are padded to a multiple of ``slots``, so that compiled code sees few shapes. With
    ``unpadded`` each axis is one row of all its tokens instead.
    """

    pad_id: int = 0
    coarse_pad_id: int = 0
    longest: int = 0
    multiple: int = 1
    slots: int = 1
    unpadded: bool = False

    def length(self, longest: int) -> int:
        """Return the length to which rows are padded the longest of which has ``longest`` tokens."""
        length = -(-longest // self.multiple) * self.multiple
        return length if not self.longest else max(longest, min(length, self.longest))


def to_tensors(rows: Rows, padding: Padding = Padding()) -> dict[str, Tensor]:
    """Return the batch of all columns in ``rows``, each along its axis and of its dtype as :data:`COLUMNS` says.

    List columns become ``[B, L]``, with a mask (bool, absent when nothing is padded); columns of masked tokens ``[M]``,
    with places in the flattened ``[B*L]``; columns of rows ``[B]``. Of packed rows ``cu_seqlens`` (int64 ``[S+1]``)
    says where sequences begin and end in the flattened ``[B*L]``, padding being one too, and ``position_ids``
    ``[B, L]`` begin again with each. ``unpadded`` gives ``[1, N]`` and both always. Raises ``UsageError`` for a column
    that is not in the table.
    """
    grids = {axis: _Grid(rows.lists[axis.leader].offsets, padding) for axis in AXES if axis.leader in rows.lists}
    batch: dict[str, Tensor] = {}
    for name, ragged in rows.lists.items():
        if name != "cu_seqlens":
            column = lookup(COLUMNS, name, "column")
            batch[name] = _rectangle(ragged, column, grids, padding)
    for axis, grid in grids.items():
        if grid.real is not None and axis.mask:
            batch[axis.mask] = torch.from_numpy(grid.real)
        starts = rows.lists.get(axis.cu_seqlens)
        if axis.cu_seqlens and (starts is not None or padding.unpadded):
            batch |= _sequences(axis, grid, starts)
    for name, values in rows.plain.items():
        batch[name] = _plain(values, lookup(COLUMNS, name, "column"), grids, padding)
    return batch


class _Grid:
    """An axis laid out: its rows padded to one length, or one after another in a single row."""

    def __init__(self, offsets: Integers, padding: Padding) -> None:
        self.offsets, self.lengths = offsets, sizes_of(offsets)
        self.real: npt.NDArray[np.bool_] | None = None
        self.shape, self.begins = (1, int(offsets[-1])), offsets[:-1]
        if not padding.unpadded:
            n_rows, length = len(self.lengths), padding.length(int(self.lengths.max(initial=1)))
            self.shape, self.begins = (n_rows, length), np.arange(n_rows) * length
            if offsets[-1] != n_rows * length:
                self.real = np.arange(length, dtype=np.int32) < self.lengths.astype(np.int32)[:, None]

    def places(self, positions: Integers) -> Integers:
        """Return where ``positions`` (ascending) of the rows laid end to end are in the flattened grid."""
        if self.real is None:
            return positions
        return positions + (self.begins - self.offsets[:-1]).repeat(counts_within(positions, self.offsets))


def _rectangle(ragged: Ragged, column: Column, grids: dict[Axis, _Grid], padding: Padding) -> Tensor:
    """Return a list column as ``[B, L]`` of the column's dtype; values that are places move with the tokens they point
    to."""
    grid, values = grids[column.axis], ragged.values
    if padding.unpadded and column.points_to is not None:
        bases = grids[column.points_to].begins.repeat(grid.lengths)
        values = np.where(values >= 0, values + bases, values)
    if grid.real is None:
        return torch.from_numpy(values.astype(column.dtype).reshape(grid.shape))
    array = np.full(grid.shape, _fill(column, padding), column.dtype)
    array[grid.real] = values  # which converts them as it goes: an eighth of the time of doing so first
    return torch.from_numpy(array)


def _plain(values: npt.NDArray[Any], column: Column, grids: dict[Axis, _Grid], padding: Padding) -> Tensor:
    """Return a plain column, ``[B]`` or ``[M]``, of the column's dtype; places ``[M]`` become those in the flattened
    ``[B*L]``."""
    if column.points_to is not None:
        values = grids[column.points_to].places(values)
    values = values.astype(column.dtype)
    if column.axis.slotted and (spare := -len(values) % padding.slots):
        values = np.concatenate([values, np.full(spare, _fill(column, padding), column.dtype)])
    return torch.from_numpy(values)


def _sequences(axis: Axis, grid: _Grid, starts: Ragged | None) -> dict[str, Tensor]:
    """Return where the sequences of an axis begin and end (int64 ``[S+1]``), and the position of each token in its
    sequence (int64 ``[B, L]``).

    ``starts`` says for each row where sequences begin in it, and its length at the end; without, a row is a sequence.
    """
    if starts is None:
        borders = np.concatenate([grid.begins, grid.begins + grid.lengths])
    else:
        borders = starts.values + grid.begins.repeat(sizes_of(starts.offsets))
    n_places = grid.shape[0] * grid.shape[1]
    borders = np.unique(np.append(borders, n_places))
    positions = np.arange(n_places) - borders[:-1].repeat(sizes_of(borders))
    made = {axis.cu_seqlens: borders, axis.position_ids: positions.reshape(grid.shape)}
    return {name: torch.from_numpy(values) for name, values in made.items()}


def _fill(column: Column, padding: Padding) -> int:
    return column.fill if isinstance(column.fill, int) else int(getattr(padding, column.fill))
