"""What Adam and its kin share: running means of the gradient and of its square, kept for each weight."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor, Partial

from zhprep.engine.config import OptimisationConfig


class Moments(NamedTuple):
    """A weight, its gradient, and the running means of the gradient and of its square after ``step`` steps; of each
    what this process holds: all of it, or the same shard (FSDP2)."""

    weight: Tensor
    gradient: Tensor
    mean: Tensor
    square: Tensor
    step: float
    whole: Tensor
    """The weight as it lies over the processes."""

    def corrections(self, group: dict[str, Any]) -> tuple[float, float]:
        """Return what mean and square are to be divided by, having begun with nothing."""
        beta1, beta2 = group["betas"]
        return 1 - beta1**self.step, 1 - beta2**self.step

    def mean_of(self, part: Tensor) -> Tensor:
        """Return the mean, float32[], of a tensor of the shape of the whole weight, of which this is what this process
        holds; every process has to ask."""
        return self._summed(part.sum()) / self.whole.numel()

    def norm_of(self, part: Tensor) -> Tensor:
        """Return the Euclidean norm, float32[], of such a tensor; every process has to ask."""
        return self._summed(part.square().sum()).sqrt() if isinstance(self.whole, DTensor) else part.norm()

    def _summed(self, number: Tensor) -> Tensor:
        """Return ``number``, float32[], summed over the processes that each hold a shard."""
        if not isinstance(self.whole, DTensor):
            return number
        total: Tensor = DTensor.from_local(number, self.whole.device_mesh, [Partial()]).full_tensor()
        return total


def local(tensor: Tensor) -> Tensor:
    """Return what this process holds of ``tensor``, in the same memory."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


class MomentOptimiser(torch.optim.Optimizer):
    """Keeps ``step``, ``exp_avg`` and ``exp_avg_sq`` of every weight, as torch's Adam names them; what is made of them
    is said in :meth:`update`."""

    def __init__(self, groups: list[dict[str, Any]], config: OptimisationConfig) -> None:
        betas = config.beta1, config.beta2
        super().__init__(groups, {"lr": config.learning_rate, "betas": betas, "eps": config.epsilon})
        self._rooms: dict[tuple[int, torch.device, torch.dtype], Tensor] = {}

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]  # ours have none
        """Change all weights that have a gradient."""
        assert closure is None
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    zeros = torch.zeros_like
                    state.update(step=torch.zeros(()), exp_avg=zeros(weight), exp_avg_sq=zeros(weight))
                state["step"] += 1
                mean, square, gradient = local(state["exp_avg"]), local(state["exp_avg_sq"]), local(weight.grad)
                mean.lerp_(gradient, 1 - beta1)
                square.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
                self.update(Moments(local(weight), gradient, mean, square, float(state["step"]), weight), group)

    def update(self, moments: Moments, group: dict[str, Any]) -> None:
        """Change the weight of ``moments`` in place; nothing else of them is to be changed."""
        raise NotImplementedError

    def direction(self, moments: Moments, group: dict[str, Any], *, unbiased: bool = True) -> Tensor:
        """Return ``m / (√v + ε)``, of the moments with the bias of the first steps corrected unless told otherwise; the
        tensor is the caller's until the next weight."""
        first, second = moments.corrections(group) if unbiased else (1.0, 1.0)
        change = torch.sqrt(moments.square, out=self.room(moments.square))
        change.div_(second**0.5).add_(group["eps"])
        return torch.div(moments.mean, change, out=change).div_(first)

    def room(self, like: Tensor, number: int = 0) -> Tensor:
        """Return a tensor of the shape of ``like`` to write to, always the same memory: to ask for new memory for every
        weight in every step takes most of the time of a step."""
        key = number, like.device, like.dtype
        if key not in self._rooms or self._rooms[key].numel() < like.numel():
            self._rooms[key] = torch.empty(like.numel(), device=like.device, dtype=like.dtype)
        return self._rooms[key][: like.numel()].view(like.shape)
