"""How weights are changed by gradients: functions that make an optimiser for groups of weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from zhprep.pretrain.optimisers.adamw import adamw

OPTIMISERS: dict[str, Callable[[list[dict[str, Any]], float], torch.optim.Optimizer]] = {
    "adamw": adamw,
}


def groups(weights: Iterable[tuple[str, nn.Parameter]], weight_decay: float) -> list[dict[str, Any]]:
    """Return two groups: what decays, and what does not (biases and norms, as in BERT)."""
    decayed: list[nn.Parameter] = []
    free: list[nn.Parameter] = []
    for name, weight in weights:
        (free if name.endswith("bias") or "norm." in name else decayed).append(weight)
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": free, "weight_decay": 0.0}]
