"""One process or several: who this one is, as ``torchrun`` tells it in the environment.

The data order is that of the whole batch; each process takes its slice of it, so any number of processes sees the same
instances in the same steps.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator

import torch
import torch.distributed
from torch import Tensor

from zhprep.core.errors import ZhprepError


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
            torch.distributed.all_reduce(tensor)
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

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.size > 1:
            torch.distributed.barrier()


@contextlib.contextmanager
def joined() -> Iterator[World]:
    """Join the other processes that ``torchrun`` started, if it did, and leave them at the end.

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
    torch.distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield World(rank, size, device)
    except RuntimeError as error:
        if not _is_of_others(error):
            raise
        raise ZhprepError(
            f"process {rank} of {size}: another process of this run has ended, and the run ends with it",
            hint="see what that one said, or who ended it; start the run again to go on from its last checkpoint",
        ) from error
    finally:
        torch.distributed.destroy_process_group()


def _is_of_others(error: RuntimeError) -> bool:
    """Whether ``error`` says that another process cannot be reached: gloo says so in words alone."""
    lost = ("closed by peer", "reset by peer", "Broken pipe", "Connection refused", "Timed out waiting", "NCCL")
    return isinstance(error, torch.distributed.DistError) or any(word in str(error) for word in lost)
