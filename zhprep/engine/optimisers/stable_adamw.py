"""AdamW with Adafactor's update clipping: a tensor whose gradients outgrew their mean square takes a shorter step
(StableAdamW, arXiv:2304.13013 §3.4; ModernBERT, arXiv:2412.13663). It needs no clipping of the gradient.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from zhprep.engine.config import OptimisationConfig
from zhprep.engine.groups import Named, groups
from zhprep.engine.moments import MomentOptimiser


class StableAdamW(MomentOptimiser):
    """``w -= lr' · (m̂ / (√v̂ + ε) + λ·w)`` with ``lr' = lr / max(1, √mean(g² / max(v̂, ε²)))``."""

    def update(self, weight: Tensor, mean: Tensor, square: Tensor, step: float, group: dict[str, Any]) -> None:
        """Change ``weight``."""
        mean, square = self.unbiased(mean, square, step, group)
        assert weight.grad is not None
        surprise = (weight.grad.square() / square.clamp(min=group["eps"] ** 2)).mean().sqrt()
        change = (mean / (square.sqrt() + group["eps"])).add_(weight, alpha=group["weight_decay"])
        weight.sub_(change.div_(surprise.clamp(min=1.0)), alpha=group["lr"])


def stable_adamw(named: Named, config: OptimisationConfig) -> torch.optim.Optimizer:
    """Return StableAdamW over ``named`` weights."""
    return StableAdamW(groups(named, config), config)
