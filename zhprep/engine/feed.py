"""The batches of a run: a pure function of the step."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
import numpy.typing as npt
from torch import Tensor

from zhprep.collate.rows import Integers
from zhprep.core.errors import UsageError
from zhprep.engine.distribution import World
from zhprep.engine.order import positions


class BatchMaker(Protocol):
    """Makes a batch of rows by their numbers."""

    def make(self, rows: Integers, epochs: Integers, progress: float | None = None) -> dict[str, Tensor]:
        """Return the batch of ``rows``, each as it is in its epoch (int64 ``[B]`` both), when the share ``progress`` of
        the run is done."""
        ...


@dataclasses.dataclass(frozen=True)
class Phase:
    """``n_steps`` steps of ``batch_size`` on ``rows``, which are shuffled anew in each epoch; earlier phases took
    ``taken`` of them, and their epochs count on."""

    batches: BatchMaker
    rows: npt.NDArray[np.integer]
    batch_size: int
    n_steps: int
    taken: int = 0


@dataclasses.dataclass(frozen=True)
class Feed:
    """The batches of ``phases``, one phase after another; steps are counted through the whole run.

    Each process takes its slice of a step, so any number of them sees the same rows in the same steps, and cuts it into
    ``parts``.
    """

    phases: tuple[Phase, ...]
    seed: int
    world: World = dataclasses.field(default_factory=World)
    parts: int = 1

    @property
    def n_steps(self) -> int:
        """The steps of all phases."""
        return sum(phase.n_steps for phase in self.phases)

    def index_at(self, number: int) -> int:
        """Return which phase step ``number`` is of; beyond the end it is the last."""
        ends = itertools.accumulate(phase.n_steps for phase in self.phases)
        return min(sum(number >= end for end in ends), len(self.phases) - 1)

    def phase_at(self, number: int) -> tuple[int, Phase]:
        """Return the step at which the phase of step ``number`` begins, and the phase."""
        index = self.index_at(number)
        return sum(phase.n_steps for phase in self.phases[:index]), self.phases[index]

    def step(self, number: int) -> list[dict[str, Tensor]]:
        """Return this process's share of step ``number``, in ``parts`` (fewer if it has fewer rows)."""
        begin, phase = self.phase_at(number)
        place = phase.taken + (number - begin) * phase.batch_size
        index, epochs = positions(place, phase.batch_size, len(phase.rows), self.seed)
        first, last = self.world.share(phase.batch_size)
        mine, epochs = phase.rows[index[first:last]].astype(np.int64), epochs[first:last]
        cuts = _cuts(len(mine), self.parts)
        return [phase.batches.make(mine[cut], epochs[cut], number / self.n_steps) for cut in cuts]

    def steps(self, first: int, last: int) -> Iterator[list[dict[str, Tensor]]]:
        """Yield steps ``first`` to ``last - 1``, the next one being made while one is used."""
        with ThreadPoolExecutor(1, "batches") as pool:
            coming = pool.submit(self.step, first)
            for number in range(first, last):
                ready = coming.result()
                if number + 1 < last:
                    coming = pool.submit(self.step, number + 1)
                yield ready


def check_shares(feed: Feed, group: int = 1, *, alike: bool = False) -> None:
    """Raise ``UsageError`` where processes cannot share a step.

    Each needs rows of it, for the others wait until it comes; with ``alike`` (shards) as many parts, in each of which
    they meet. A part is to be made of whole groups of ``group`` rows, or what a step learns would depend on its cuts.
    """
    for phase in feed.phases:
        sizes = _sizes(feed, phase)
        parts = [len(of_one) for of_one in sizes]
        if not min(parts) or (alike and len(set(parts)) > 1):
            raise UsageError(
                f"{feed.world.size} processes have {', '.join(map(str, parts))} parts of a step of {phase.batch_size}",
                hint="take a larger batch_size, a smaller accumulate, or fewer processes",
            )
        found = sorted(set(itertools.chain.from_iterable(sizes)))
        if any(size % group for size in found):
            raise UsageError(
                f"{group} rows are told apart from one another, and a step of {phase.batch_size} comes in parts of "
                f"{', '.join(map(str, found))}",
                hint="take a batch_size, accumulate and a number of processes that leave whole groups, or another "
                "group in [model.contrast]",
            )


def _sizes(feed: Feed, phase: Phase) -> list[list[int]]:
    """Return how many rows the parts of a step have, for each process."""
    shares = [World(rank, feed.world.size).share(phase.batch_size) for rank in range(feed.world.size)]
    return [[len(cut) for cut in _cuts(last - first, feed.parts)] for first, last in shares]


def _cuts(n_rows: int, parts: int) -> list[Integers]:
    """Return the places of ``n_rows`` in ``parts``, each int64 ``[N]``, none of which is empty."""
    return [cut for cut in np.array_split(np.arange(n_rows), parts) if len(cut)]
