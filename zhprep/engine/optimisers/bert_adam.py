"""Adam as Google's BERT has it (``AdamWeightDecayOptimizer`` in optimization.py): weight decay beside the step, and the
bias of the first steps not corrected, which makes them larger: by ``(1 - β₁) / √(1 - β₂)``, 3.2 at the very first.
"""

from __future__ import annotations

from typing import Any

import torch

from zhprep.engine.config import OptimisationConfig
from zhprep.engine.groups import Named, groups
from zhprep.engine.moments import MomentOptimiser, Moments


class BertAdam(MomentOptimiser):
    """``w -= lr · (m / (√v + ε) + λ·w)``."""

    def update(self, moments: Moments, group: dict[str, Any]) -> None:
        """Change the weight."""
        change = self.direction(moments, group, unbiased=False)
        moments.weight.sub_(change.add_(moments.weight, alpha=group["weight_decay"]), alpha=group["lr"])


def bert_adam(named: Named, config: OptimisationConfig) -> torch.optim.Optimizer:
    """Return Google's Adam over ``named`` weights."""
    return BertAdam(groups(named, config), config)
