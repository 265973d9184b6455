"""Adam with decoupled weight decay (arXiv:1711.05101)."""

from __future__ import annotations

import torch

from zhprep.engine.config import OptimisationConfig
from zhprep.engine.groups import Named, groups


def adamw(named: Named, config: OptimisationConfig) -> torch.optim.Optimizer:
    """Return AdamW over ``named`` weights, in one fused kernel; it corrects the bias of the first steps."""
    betas = config.beta1, config.beta2
    return torch.optim.AdamW(
        groups(named, config), lr=config.learning_rate, betas=betas, eps=config.epsilon, fused=True
    )
