"""The batches of fine-tuning: rows of about one length together, of one task or of several in turn.

Each epoch is shuffled, sorted by length within pools of :data:`POOL` batches, and its batches are shuffled again, all
as a function of the seed; so little is computed on padding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zhprep.collate import Padding
from zhprep.collate.rows import Integers
from zhprep.core import rng
from zhprep.core.ragged import offsets_of, ranges, sizes_of
from zhprep.engine.distribution import World
from zhprep.evaluate.encode import Inputs
from zhprep.evaluate.heads import TASK, TaskModel

POOL = 50
"""Batches whose rows are sorted by length together."""


class TaskBatch(NamedTuple):
    """The units of a batch (int64 ``[N]``), and which task they are of."""

    task: int
    units: Integers


def order(lengths: Integers, batch_size: int, seed: int, epoch: int) -> list[Integers]:
    """Return the batches of an epoch (int64 ``[batch_size]`` each, the last may be smaller), a function of ``seed`` and
    ``epoch``: rows of about one length are together, and which batch comes when says nothing of length."""
    draws = rng.keys(seed, "task order", epoch, np.arange(len(lengths)))
    mixed = np.argsort(draws, kind="stable")
    pools = np.arange(len(mixed)) // (batch_size * POOL)
    ordered = mixed[np.lexsort((lengths[mixed], pools))]
    cuts = [ordered[begin : begin + batch_size] for begin in range(0, len(ordered), batch_size)]
    again = np.argsort(rng.keys(seed, "task batches", epoch, np.arange(len(cuts))), kind="stable")
    return [cuts[number] for number in again]


def epoch_of(tasks: Sequence[Inputs], batch_size: int, seed: int, epoch: int) -> list[TaskBatch]:
    """Return the batches of an epoch of all ``tasks``, mixed: every row of each once."""
    cuts = [
        TaskBatch(number, units)
        for number, inputs in enumerate(tasks)
        for units in order(inputs.lengths, batch_size, seed, epoch)
    ]
    if len(tasks) == 1:
        return cuts
    mixed = np.argsort(rng.keys(seed, "tasks", epoch, np.arange(len(cuts))), kind="stable")
    return [cuts[number] for number in mixed]


def share_of(units: Integers, world: World) -> Integers:
    """Return this process's share of a batch; one of fewer rows than processes is done by each."""
    first, last = world.share(len(units))
    return units[first:last] if len(units) >= world.size else units


def batches(
    tasks: Sequence[Inputs], chosen: Sequence[TaskBatch], padding: Padding, world: World
) -> Iterator[dict[str, Tensor]]:
    """Yield this process's share of the batches ``chosen``, the next one being made while one is used."""

    def make(one: TaskBatch) -> dict[str, Tensor]:
        batch = tasks[one.task].batch(share_of(one.units, world), padding)
        return batch | {TASK: torch.tensor(one.task)} if len(tasks) > 1 else batch

    with ThreadPoolExecutor(1, "task batches") as pool:
        coming = pool.submit(make, chosen[0])
        for number in range(len(chosen)):
            ready = coming.result()
            if number + 1 < len(chosen):
                coming = pool.submit(make, chosen[number + 1])
            yield ready


@torch.inference_mode()
def tell(
    model: TaskModel, inputs: Inputs, batch_size: int, padding: Padding, device: torch.device, head: str = "0"
) -> npt.NDArray[Any]:
    """Return what the head called ``head`` tells of ``inputs``, in their order: a line for each sequence, or each
    character. Computed in batches of about one length."""
    was_training = model.training
    model.eval()
    chosen = model.heads[head]
    order = np.argsort(inputs.lengths, kind="stable")
    found, taken = [], []
    for begin in range(0, len(order), batch_size):
        units = order[begin : begin + batch_size]
        batch = {name: tensor.to(device) for name, tensor in inputs.batch(units, padding).items()}
        found.append(chosen.told(model.logits(head, batch), batch).cpu().numpy())
        taken.append(ranges(inputs.units[units], sizes_of(inputs.units)[units]))
    model.train(was_training)
    return _in_order(np.concatenate(found), np.concatenate(taken), inputs, chosen.per_character)


def _in_order(told: npt.NDArray[Any], sequences: Integers, inputs: Inputs, per_character: bool) -> npt.NDArray[Any]:
    """Return the lines of ``sequences`` (int64 ``[S]``, in the order of ``told``) in the order of their numbers."""
    if not per_character or inputs.characters is None:
        back = np.empty_like(told)
        back[sequences] = told
        return back
    sizes = sizes_of(inputs.characters.tokens.offsets)
    begins = offsets_of(sizes[sequences])[:-1]
    place = np.empty(len(sequences), np.int64)
    place[sequences] = begins
    found: npt.NDArray[Any] = told[ranges(place, sizes)]
    return found
