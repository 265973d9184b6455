"""A batch as lines that a person can check: what each tensor holds, then every row place by place.

In: a folder of instances. Out: lines for ``zhprep inspect DATA --batch``. What is shown is what models are fed, made as
they are fed, by the view and the table of columns; what the objectives are to say stands beside the place it is about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from torch import Tensor

from zhprep.collate.batches import Batches
from zhprep.collate.columns import AXES, COLUMNS, IGNORED, ROW, TARGET, TOKEN, Axis
from zhprep.collate.masks import coarse_pad
from zhprep.collate.stored import Instances
from zhprep.collate.tensors import Padding
from zhprep.collate.views import View, view_of
from zhprep.vocab import Vocabulary

Shown = Mapping[str, Callable[[int], str]]
"""How numbers of a column are shown, by its name; the others as they are."""


class Table(NamedTuple):
    """The places of one row along one axis: the names of ``columns``, and for each place what they hold."""

    columns: list[str]
    lines: list[list[str]]


def first_batch(
    data: Path, vocabulary: Vocabulary, n_rows: int, epoch: int = 0, view: View | None = None
) -> dict[str, Tensor]:
    """Return the first ``n_rows`` instances of ``data`` as the batch that a model would get which reads every column
    that there is, as they are in ``epoch``; ``view`` is what one model sees of them, else what the data were made for.

    Raises ``DataError`` or ``UsageError`` for a folder that is not one of instances, or not of this vocabulary.
    """
    whole = Instances(data)
    view = view or view_of(data, whole.manifest, whole.columns, vocabulary)
    there = {*whole.columns, *view.gives}
    if TARGET.leader in view.gives:  # sources are of other lengths than what is stored beside the text
        there -= {name for name, column in COLUMNS.items() if column.axis is TOKEN and name not in view.gives}
    columns = tuple(name for name in (*COLUMNS, "cu_seqlens") if name in there)
    stored = [name for name in columns if name not in view.gives]
    instances = Instances(data, needs=(*view.needs, "instance_id"), takes=stored)
    rows = np.arange(min(n_rows, len(instances)))
    return Batches(instances, view, columns, Padding(vocabulary.pad, coarse_pad(data))).make(
        rows, np.full_like(rows, epoch)
    )


def tensor_lines(batch: Mapping[str, Tensor]) -> Iterator[str]:
    """Yield a line for each tensor: name, dtype, shape, least and greatest value."""
    width = max(map(len, batch), default=0)
    for name, tensor in batch.items():
        ends = f"{tensor.min().item()} … {tensor.max().item()}" if tensor.numel() else "nothing"
        yield f"{name:<{width}}  {str(tensor.dtype).removeprefix('torch.')} {list(tensor.shape)}  {ends}"


def row_facts(batch: Mapping[str, Tensor], row: int) -> dict[str, int]:
    """Return what one row has a single number of: its id, its labels."""
    return {name: int(batch[name][row]) for name, column in COLUMNS.items() if column.axis is ROW and name in batch}


def row_tables(batch: Mapping[str, Tensor], row: int, shown: Shown) -> Iterator[tuple[Axis, Table]]:
    """Yield for each axis of the batch what one row holds along it; padding is left out."""
    for axis in AXES:
        along = [name for name, column in COLUMNS.items() if column.axis is axis and name in batch]
        if not along:
            continue
        extra = [name for name in (axis.position_ids,) if name in batch]
        answers = _answers(batch, row, axis, shown)
        lines = []
        for place in _real(batch, row, axis).tolist():
            cells = [_cell(name, int(batch[name][row, place]), shown) for name in (*along, *extra)]
            lines.append([str(place), *cells, *(found.get(place, "") for found in answers.values())])
        yield axis, Table(["", *along, *extra, *answers], lines)


def _cell(name: str, value: int, shown: Shown) -> str:
    return shown[name](value) if name in shown else str(value)


def _answer(batch: Mapping[str, Tensor], row: int, axis: Axis, label: str, value: int, shown: Shown) -> str:
    """Show a label; one that is a place of ``axis``, with what stands there."""
    if label != "masked_places":
        return _cell(label, value, shown)
    return f"{value} {_cell(axis.leader, int(batch[axis.leader][row, value]), shown)}"


def _real(batch: Mapping[str, Tensor], row: int, axis: Axis) -> Tensor:
    """Return the places (int64 ``[N]``) of a row that are not padding."""
    if axis.mask in batch:
        return batch[axis.mask][row].nonzero().flatten()
    leader = batch[axis.leader][row]
    return (leader != IGNORED).nonzero().flatten()


def _answers(batch: Mapping[str, Tensor], row: int, axis: Axis, shown: Shown) -> dict[str, dict[int, str]]:
    """Return for each column of labels of masked tokens what is to be said at which place of a row."""
    found: dict[str, dict[int, str]] = {}
    for name, column in COLUMNS.items():
        if column.points_to is not axis or column.axis in AXES or name not in batch:
            continue
        length = batch[axis.leader].shape[1]
        here = [number for number, place in enumerate(batch[name].tolist()) if place // length == row]
        labels = [other for other, one in COLUMNS.items() if one.axis is column.axis and other != name]
        for label in (other for other in labels if other in batch):
            said = {int(batch[name][number]) % length: int(batch[label][number]) for number in here}
            said = {place: value for place, value in said.items() if value != IGNORED}
            found[label] = {place: _answer(batch, row, axis, label, value, shown) for place, value in said.items()}
    return found
