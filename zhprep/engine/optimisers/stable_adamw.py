"""AdamW with Adafactor's update clipping: a tensor whose gradients outgrew their mean square takes a shorter step
(StableAdamW, arXiv:2304.13013 §3.4; ModernBERT, arXiv:2412.13663). It needs no clipping of the gradient.
"""

from __future__ import annotations

from typing import Any

import torch

from zhprep.engine.config import OptimisationConfig
from zhprep.engine.groups import Named, groups
from zhprep.engine.moments import MomentOptimiser, Moments


class StableAdamW(MomentOptimiser):
    """``w -= lr' · (m̂ / (√v̂ + ε) + λ·w)`` with ``lr' = lr / max(1, √mean(g² / max(v̂, ε²)))``."""

    def update(self, moments: Moments, group: dict[str, Any]) -> None:
        """Change the weight."""
        expected = self.room(moments.weight, 1)
        torch.div(moments.square, moments.corrections(group)[1], out=expected).clamp_(min=group["eps"] ** 2)
        surprise = moments.mean_of(torch.div(moments.gradient, expected, out=expected).mul_(moments.gradient)).sqrt()
        change = self.direction(moments, group).add_(moments.weight, alpha=group["weight_decay"])
        moments.weight.sub_(change.div_(surprise.clamp(min=1.0)), alpha=group["lr"])


def stable_adamw(named: Named, config: OptimisationConfig) -> torch.optim.Optimizer:
    """Return StableAdamW over ``named`` weights."""
    return StableAdamW(groups(named, config), config)
