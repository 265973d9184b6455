"""Weights, gradients and moments in shards, one per process (FSDP2, ``torch.distributed.fsdp.fully_shard``).

A layer is whole in a process only while it computes; what is in no layer (embeddings, heads) during a step. So tables
that input and output share, or a layer that comes more than once, are whole wherever they are used.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from zhprep.engine.config import OptimisationConfig
from zhprep.engine.distribution import World
from zhprep.engine.parallel import Parallel, refused, whole_tensors
from zhprep.models import Model
from zhprep.models.blocks.layer import Layer
from zhprep.models.model import seeded_model

OPTIMISERS = ("adamw", "bert-adam", "lamb", "stable-adamw")
"""Those that change each number by its own gradient and by norms and means of its tensor, which are sums over shards.
Muon takes products of whole matrices."""


class Sharded(Parallel):
    """Each process has a shard of every weight, of its gradient and its moments."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._mesh = init_device_mesh(world.device.type, (world.size,))

    @classmethod
    def check(cls, config: OptimisationConfig) -> None:
        """Raise ``UsageError`` for an optimiser that needs whole matrices, and for compiled models."""
        if config.optimiser not in OPTIMISERS:
            raise refused(
                f"--optimiser {config.optimiser}, which needs whole matrices",
                hint=f"take --optimiser {' or '.join(OPTIMISERS)}, or leave --fsdp out",
            )
        if config.compile:
            raise refused("--compile", hint="leave one of them out")

    def place(self, model: Model) -> None:
        """Shard each layer as a unit of its own, and then all else as one."""
        for layer in _units(model):
            fully_shard(layer, mesh=self._mesh)
        fully_shard(model, mesh=self._mesh)

    @contextlib.contextmanager
    def syncing(self, forward: nn.Module, last: bool) -> Iterator[None]:
        """Reduce gradients in the ``last`` part of a step only; until then each process keeps whole ones."""
        assert isinstance(forward, FSDPModule)
        forward.set_requires_gradient_sync(last)
        yield

    def whole(self, tensor: Tensor) -> Tensor:
        """Return all of ``tensor``, gathered from the processes."""
        return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor

    def laid_out(self, tensor: Tensor, like: Tensor) -> Tensor:
        """Return this process's shard of ``tensor``; nothing is sent."""
        if not isinstance(like, DTensor) or tensor.shape != like.shape:
            return tensor
        moved = tensor.to(like.device)
        return distribute_tensor(moved, like.device_mesh, like.placements, src_data_rank=None)

    def held(self, tensor: Tensor) -> int:
        """Return how many numbers are in this process's shard."""
        return tensor.to_local().numel() if isinstance(tensor, DTensor) else tensor.numel()

    def whole_model(self, model: Model) -> Model:
        """Return a model of its own with the weights of ``model`` where this process writes, else ``model``."""
        weights = whole_tensors(self, model.state_dict())
        if not self.world.writes:
            return model
        whole = seeded_model(model.config, 0).to(self.world.device)
        whole.load_state_dict(weights)
        return whole.train(model.training)


def _units(model: Model) -> list[nn.Module]:
    """Return the layers that may be sharded on their own: no part of them is used without the whole of them."""
    lent = {part for module in model.modules() for part in vars(module).values() if isinstance(part, nn.Module)}
    layers = [module for module in model.modules() if isinstance(module, Layer)]
    return [layer for layer in layers if not lent.intersection(list(layer.modules())[1:])]
