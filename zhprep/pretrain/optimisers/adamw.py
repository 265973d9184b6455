"""Adam with decoupled weight decay (arXiv:1711.05101), with BERT's epsilon of 1e-6."""

from __future__ import annotations

from typing import Any

import torch


def adamw(groups: list[dict[str, Any]], learning_rate: float) -> torch.optim.Optimizer:
    """Return AdamW over ``groups``, in one fused kernel. Unlike Google's it corrects the bias of the first steps."""
    return torch.optim.AdamW(groups, lr=learning_rate, betas=(0.9, 0.999), eps=1e-6, fused=True)
