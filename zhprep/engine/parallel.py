"""How the weights of a model lie over the processes of a run: on one alone, on each the same, or on each a shard.

A :class:`Parallel` is the only part of the engine that knows which. The optimiser, the clipping and the checkpoints see
weights that are tensors, or :class:`torch.distributed.tensor.DTensor`, which are tensors too.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from zhprep.core.errors import UsageError
from zhprep.core.registry import lookup
from zhprep.engine.config import OptimisationConfig
from zhprep.engine.distribution import World
from zhprep.models import Model

PARALLELS = {"ddp": "zhprep.engine.parallel:Replicated", "fsdp": "zhprep.engine.sharded:Sharded"}
"""Ways by name: where the class is, since to import FSDP takes half a second that a run without it need not wait."""


class Parallel:
    """All weights in one process; the kinds of several processes say what differs."""

    def __init__(self, world: World) -> None:
        self.world = world

    @classmethod
    def check(cls, config: OptimisationConfig) -> None:
        """Raise ``UsageError`` when a run of several processes cannot be trained so with these settings."""

    def place(self, model: Model) -> None:
        """Put the weights where they belong, in place; the optimiser is made afterwards."""

    def wrap(self, forward: nn.Module, *, in_parts: bool = False) -> nn.Module:  # noqa: ARG002  # for the kinds
        """Return what computes losses so that gradients are those of all processes after the backward pass; with
        ``in_parts`` a step may leave weights without gradients."""
        return forward

    def syncing(self, forward: nn.Module, last: bool) -> AbstractContextManager[None]:  # noqa: ARG002  # for the kinds
        """Return a context for a part of a step: gradients are summed over the processes in the ``last`` one only."""
        return contextlib.nullcontext()

    def whole(self, tensor: Tensor) -> Tensor:
        """Return all of a weight, gradient, or moment; every process has to ask."""
        return tensor

    def laid_out(self, tensor: Tensor, like: Tensor) -> Tensor:  # noqa: ARG002  # for the kinds
        """Return this process's part of the whole ``tensor``, as ``like`` lies; every process has the whole one."""
        return tensor

    def held(self, tensor: Tensor) -> int:
        """Return how many numbers of ``tensor`` this process holds."""
        return tensor.numel()

    def whole_model(self, model: Model) -> Model:
        """Return a model with all weights, for the process that writes; every process has to ask."""
        return model


class Replicated(Parallel):
    """Each process has all weights and all moments (DistributedDataParallel)."""

    def wrap(self, forward: nn.Module, *, in_parts: bool = False) -> nn.Module:
        """Return the model inside of DistributedDataParallel, which looks for what a step leaves out only if told."""
        return DistributedDataParallel(forward, find_unused_parameters=in_parts)

    def syncing(self, forward: nn.Module, last: bool) -> AbstractContextManager[None]:
        """Return DistributedDataParallel's context without sums where ``last`` is False."""
        assert isinstance(forward, DistributedDataParallel)
        context: AbstractContextManager[None] = contextlib.nullcontext() if last else forward.no_sync()
        return context


def kind_of(name: str) -> type[Parallel]:
    """Return the class of a way by name. It is to be asked for before the processes join: see ``joined``."""
    module, _, kind = lookup(PARALLELS, name, "way of several processes").partition(":")
    made: type[Parallel] = getattr(importlib.import_module(module), kind)
    return made


def parallel(name: str, world: World) -> Parallel:
    """Return how the weights lie over the processes of ``world``; in a run of one process there is one way."""
    return kind_of(name)(world) if world.size > 1 else Parallel(world)


def whole_tensors(part: Parallel, tensors: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return the whole ``tensors`` in the process that writes and nothing in the others; every process has to ask."""
    kept = {}
    for name, tensor in tensors.items():
        whole = part.whole(tensor)  # one at a time: the others let go of it at once
        if part.world.writes:
            kept[name] = whole.detach().cpu()
    return kept


def refused(what: str, hint: str) -> UsageError:
    """Return the error of a setting that does not go with shards."""
    return UsageError(f"--fsdp does not go with {what}", hint=hint)
