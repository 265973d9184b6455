"""The batches of a run: a pure function of the step."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zhprep.collate import Masks, to_tensors
from zhprep.collate.rows import Integers
from zhprep.core import rng
from zhprep.core.errors import DataError
from zhprep.pretrain.data import Instances
from zhprep.pretrain.order import positions


@dataclasses.dataclass(frozen=True)
class Shape:
    """How batches are padded: rows to ``multiple`` tokens, but to no more than ``longest``, which the model can take.

    Masked positions are padded to a multiple of ``slots``, so that compiled code sees few shapes.
    """

    pad_id: int
    longest: int
    multiple: int = 1
    slots: int = 1


@dataclasses.dataclass(frozen=True)
class Batches:
    """Makes the batches of a model that reads ``columns`` of ``instances``; ``seed`` is for what it draws itself."""

    instances: Instances
    masks: Masks
    columns: tuple[str, ...]
    shape: Shape
    seed: int = 0

    def make(self, rows: Integers, epochs: Integers, progress: float | None = None) -> dict[str, Tensor]:
        """Return the batch of ``rows``, each masked for its epoch, at the rate for the share ``progress`` of the run.

        Raises ``DataError`` when a row is longer than the model's positions.
        """
        gathered = self.instances.gather(rows)
        longest = int(gathered.lengths.max(initial=0))
        if longest > self.shape.longest:
            raise DataError(
                f"{self.instances.folder}: an instance has {longest} tokens, the model {self.shape.longest} positions",
                hint="make the instances with a smaller --max-length",
            )
        length = min(-(-longest // self.shape.multiple) * self.shape.multiple, self.shape.longest)
        masked = self.masks(gathered, epochs, progress)
        shape = self.shape
        batch = to_tensors(gathered, masked, self.columns, pad_id=shape.pad_id, length=length, slots=shape.slots)
        if "keys" in self.columns:
            keys = rng.keys(self.seed, "model", epochs, gathered.plain["instance_id"])
            batch["keys"] = torch.from_numpy(keys.view(np.int64))
        if "progress" in self.columns:
            batch["progress"] = torch.tensor(1.0 if progress is None else progress)
        return batch


class Maker(Protocol):
    """Makes a batch of rows by their numbers."""

    def make(self, rows: Integers, epochs: Integers, progress: float | None = None) -> dict[str, Tensor]:
        """Return the batch of ``rows``, each as it is in its epoch, when the share ``progress`` of the run is done."""
        ...


@dataclasses.dataclass(frozen=True)
class Feed:
    """The training batches: those of ``rows``, shuffled anew each epoch, cut into steps of ``batch_size``.

    ``n_steps`` is how many steps the whole run has: a batch may depend on how far it is.
    """

    batches: Maker
    rows: npt.NDArray[np.integer]
    batch_size: int
    seed: int
    share: tuple[int, int]
    parts: int = 1
    n_steps: int = 0

    def progress(self, number: int) -> float | None:
        """Return the share of the run that is done before step ``number``; None for a run without an end."""
        return number / self.n_steps if self.n_steps else None

    def step(self, number: int) -> list[dict[str, Tensor]]:
        """Return this process's share of step ``number``, in ``parts`` (fewer if it has fewer rows)."""
        index, epochs = positions(number, self.batch_size, len(self.rows), self.seed)
        begin, end = self.share
        mine, epochs = self.rows[index[begin:end]].astype(np.int64), epochs[begin:end]
        cuts = [cut for cut in np.array_split(np.arange(len(mine)), self.parts) if len(cut)]
        return [self.batches.make(mine[cut], epochs[cut], self.progress(number)) for cut in cuts]

    def steps(self, first: int, last: int) -> Iterator[list[dict[str, Tensor]]]:
        """Yield steps ``first`` to ``last - 1``, the next one being made while one is used."""
        with ThreadPoolExecutor(1, "batches") as pool:
            coming = pool.submit(self.step, first)
            for number in range(first, last):
                ready = coming.result()
                if number + 1 < last:
                    coming = pool.submit(self.step, number + 1)
                yield ready
