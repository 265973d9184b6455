"""LAMB: Adam whose step for each tensor is as long as the tensor itself (arXiv:1904.00962, Algorithm 2).

As in Google's code, what does not decay (biases and norms) is not scaled either.
"""

from __future__ import annotations

from typing import Any

import torch

from zhprep.engine.config import OptimisationConfig
from zhprep.engine.groups import Named, groups
from zhprep.engine.moments import MomentOptimiser, Moments


class Lamb(MomentOptimiser):
    """``w -= lr · ‖w‖ / ‖u‖ · u`` with ``u = m̂ / (√v̂ + ε) + λ·w``."""

    def update(self, moments: Moments, group: dict[str, Any]) -> None:
        """Change the weight; a tensor of nothing, or one that would not change, is not scaled."""
        change = self.direction(moments, group).add_(moments.weight, alpha=group["weight_decay"])
        if group["decays"]:
            own, its = moments.norm_of(moments.weight), moments.norm_of(change)
            change *= torch.where((own > 0) & (its > 0), own / its, 1.0)
        moments.weight.sub_(change, alpha=group["lr"])


def lamb(named: Named, config: OptimisationConfig) -> torch.optim.Optimizer:
    """Return LAMB over ``named`` weights."""
    return Lamb(groups(named, config), config)
