"""What Adam and its kin share: running means of the gradient and of its square, kept for each weight."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from zhprep.engine.config import OptimisationConfig


class MomentOptimiser(torch.optim.Optimizer):
    """Keeps ``step``, ``exp_avg`` and ``exp_avg_sq`` of every weight, as torch's Adam names them; what is made of them
    is said in :meth:`update`."""

    def __init__(self, groups: list[dict[str, Any]], config: OptimisationConfig) -> None:
        betas = config.beta1, config.beta2
        super().__init__(groups, {"lr": config.learning_rate, "betas": betas, "eps": config.epsilon})

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
                state["exp_avg"].lerp_(weight.grad, 1 - beta1)
                state["exp_avg_sq"].mul_(beta2).addcmul_(weight.grad, weight.grad, value=1 - beta2)
                self.update(weight, state["exp_avg"], state["exp_avg_sq"], float(state["step"]), group)

    def update(self, weight: Tensor, mean: Tensor, square: Tensor, step: float, group: dict[str, Any]) -> None:
        """Change ``weight`` in place, given the running means of its gradient and of the square (all of one shape),
        which is the ``step``-th (from 1). The gradient is still at ``weight.grad``; the means are not to be changed."""
        raise NotImplementedError

    @staticmethod
    def unbiased(mean: Tensor, square: Tensor, step: float, group: dict[str, Any]) -> tuple[Tensor, Tensor]:
        """Return the two means with the bias of the first steps corrected."""
        beta1, beta2 = group["betas"]
        return mean / (1 - beta1**step), square / (1 - beta2**step)
