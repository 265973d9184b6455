"""One process or several: who this one is, as ``torchrun`` tells it in the environment.

The data order is that of the whole batch; each process takes its slice of it, so any number of processes sees the same
instances in the same steps.
"""

from __future__ import annotations

import atexit
import collections
import contextlib
import dataclasses
import datetime
import gc
import importlib
import itertools
import json
import os
from collections.abc import Iterator
from typing import Any

import torch
import torch.distributed
from torch import Tensor
from torch.distributed import PrefixStore  # type: ignore[attr-defined]  # is told of in its documentation
from torch.distributed.rendezvous import rendezvous

from zhprep.core.errors import ZhprepError

_LATEST: collections.deque[torch.distributed.Work] = collections.deque(maxlen=64)
"""What was last summed over the processes. A thread of gloo lets go of it at any time after the sum is there, and the
last to let go of a tensor of Python needs the interpreter: while that ends, the process would abort; while it waits for
that thread to end, both would wait for ever. So no thread is to be the last when a run ends."""

_LEFT: list[torch.distributed.ProcessGroup] = []
"""The group of the processes, also when it was left. Who lets go of it last waits for its threads, and a thread may
need the interpreter to let go of a tensor. What DistributedDataParallel sums with keeps the interpreter while it waits,
so both would wait for ever; this list does not, and outlives the models of a run."""

_TIMES = itertools.count()
"""How often this process has joined the others: as often as each of them has."""


PATIENCE = datetime.timedelta(hours=2)
"""How long a process waits for one that is alive: while that one looks at the held-out rows, or writes. torch's own ten
minutes on GPUs end a run that has many of them, and the next start comes to the same place."""


@dataclasses.dataclass(frozen=True)
class World:
    """This process among all: ``rank`` of ``size``, and the device it computes on."""

    rank: int = 0
    size: int = 1
    device: torch.device = dataclasses.field(default_factory=lambda: torch.device("cpu"))

    @property
    def writes(self) -> bool:
        """Whether this process writes the files."""
        return self.rank == 0

    def share(self, total: int) -> tuple[int, int]:
        """Return where this process's slice of ``total`` things begins and ends."""
        return self.rank * total // self.size, (self.rank + 1) * total // self.size

    def sum(self, tensor: Tensor) -> Tensor:
        """Return the sum of ``tensor`` over all processes."""
        if self.size > 1:
            work = torch.distributed.all_reduce(tensor, async_op=True)
            work.wait()
            _LATEST.append(work)
        return tensor

    def sum_counts(self, counts: list[int]) -> list[int]:
        """Return each of ``counts`` summed over all processes."""
        if self.size == 1:
            return counts
        total: list[int] = self.sum(torch.tensor(counts, dtype=torch.int64, device=self.device)).tolist()
        return total

    def any(self, flag: bool) -> bool:
        """Return whether ``flag`` is True in any process."""
        return self.sum_counts([int(flag)])[0] > 0

    def of_first(self, value: Any) -> Any:
        """Return in every process the ``value`` of the first, which is one of JSON."""
        if self.size == 1:
            return value
        said = json.dumps(value).encode() if self.rank == 0 else b""
        letters = torch.zeros(self.sum_counts([len(said)])[0], dtype=torch.uint8)
        letters[: len(said)] = torch.frombuffer(bytearray(said), dtype=torch.uint8) if said else letters[:0]
        return json.loads(bytes(self.sum(letters.to(self.device)).tolist()))

    def agree(self, error: ZhprepError | None) -> None:
        """Raise ``error``, if there is one, and in the other processes one that says so: nobody waits for who has
        left."""
        if self.any(error is not None):
            raise error or ZhprepError(
                f"process {self.rank} of {self.size}: another process of this run cannot go on, and so it ends",
                hint="see what that one said",
            )

    def settle(self) -> None:
        """Wait until the device has done what it was given."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.size > 1:
            torch.distributed.barrier()


@contextlib.contextmanager
def joined() -> Iterator[World]:
    """Join the other processes that ``torchrun`` started, if it did, and leave them at the end when all are there: what
    one writes the others read.

    Raises ``ZhprepError`` when one of them is lost meanwhile: what it had to say it said itself.
    """
    size, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    device = torch.device("cpu")
    if torch.cuda.is_available():
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(device)
    if size == 1:
        yield World(device=device)
        return
    # Functions there take the group as a default value when they are imported. Were that after the start, as it is when
    # DistributedDataParallel imports torch._dynamo, the group and its threads would outlive its end.
    importlib.import_module("torch.distributed.nn.functional")
    _let_go()
    torch.distributed.init_process_group(
        "nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE, store=_fresh_store(), rank=rank, world_size=size
    )
    _LEFT.append(torch.distributed.distributed_c10d._get_default_group())
    try:
        world = World(rank, size, device)
        yield world
        world.wait()
    except RuntimeError as error:
        if not _is_of_others(error):
            raise
        raise ZhprepError(
            f"process {rank} of {size}: another process of this run has ended, and the run ends with it ({error})",
            hint="see what that one said, or who ended it; start the run again to go on from its last checkpoint",
        ) from error
    finally:
        torch.distributed.destroy_process_group()


@atexit.register
def _let_go() -> None:
    """End the threads of the groups that were left, unless a model is still there: before the interpreter ends."""
    if _LEFT:
        gc.collect()
        _LEFT.clear()


def _fresh_store() -> PrefixStore:
    """Return the store of torchrun, with names of its own for each time that this process joins the others.

    A group takes the names of the one that was ended before it, and torchrun's store outlives both: the processes would
    find the addresses of the first group there, and wait for ever at a port where nobody listens any more.
    """
    store, _, _ = next(rendezvous("env://"))
    return PrefixStore(f"joined/{next(_TIMES)}", store)


def _is_of_others(error: RuntimeError) -> bool:
    """Whether ``error`` says that another process cannot be reached: gloo says so in words alone."""
    lost = ("closed by peer", "reset by peer", "Broken pipe", "Connection refused", "Timed out waiting", "NCCL")
    return isinstance(error, torch.distributed.DistError) or any(word in str(error) for word in lost)
