"""How far a training has come, as a collator in any process of any loader can tell.

A loader's workers make batches ahead of the training, as many as they come to, so that a worker cannot be told the
step: it counts. Batch number *k* of an epoch is always made by worker *k* mod *W*, as its batch number *k* div *W*;
the step is that of the epoch's beginning and the batches since.
"""

from __future__ import annotations

import torch
from torch.utils.data import get_worker_info


class TrainingProgress:
    """The share of a training that is done when a batch is made: the same for any number of a loader's workers.

    A callback says when an epoch begins (or is gone on with in its middle), and when batches are made that are not of
    the training.
    """

    def __init__(self) -> None:
        # How many beginnings there were, and of the last one the step, the steps in all, and the batches of a step.
        self._told = torch.zeros(4, dtype=torch.int64)
        self._told.share_memory_()  # type: ignore[no-untyped-call]  # workers that outlive an epoch see the next begin
        self._training = self._paused = False
        self._count = self._beginning = 0

    def begin(self, step: int, steps: int, batches_per_step: int = 1) -> None:
        """Say that the next batch is the first one of step ``step`` (from 0) of ``steps``."""
        self._told[1:] = torch.tensor([step, max(steps, 1), max(batches_per_step, 1)])
        self._told[0] += 1
        self._training, self._paused = True, False

    def pause(self) -> None:
        """Say that the next batches, until :meth:`go_on`, are not of the training. Its workers do not hear of this."""
        self._paused = self._training
        self._training = False

    def go_on(self) -> None:
        """Say that those batches are over."""
        self._training |= self._paused
        self._paused = False

    def end(self) -> None:
        """Say that the training is over."""
        self._training = self._paused = False

    def next(self) -> float | None:
        """Return the share that is done at the batch which is being made, or None if it is not of the training."""
        if not self._training:
            return None
        beginning, step, steps, batches = self._told.tolist()
        if beginning != self._beginning:
            self._beginning, self._count = beginning, 0
        worker = get_worker_info()
        width, place = (1, 0) if worker is None else (worker.num_workers, worker.id)
        number = self._count * width + place
        self._count += 1
        return float(min((step + number // batches) / steps, 1.0))
