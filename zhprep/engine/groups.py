"""Which weights decay, and at which rate each layer learns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from torch import nn

from zhprep.engine.config import OptimisationConfig

Named = Sequence[tuple[str, nn.Parameter]]
"""Weights with their names in the model."""

_LAYER = re.compile(r"(?:^|\.)layers\.(\d+)\.")


def depth_of(name: str) -> int | None:
    """Return the number of the layer that a weight is in, None where it is in none."""
    found = _LAYER.search(name)
    return int(found[1]) if found else None


def decays(name: str) -> bool:
    """Return whether a weight decays: biases and norms do not, as in BERT."""
    return not (name.endswith("bias") or "norm." in name)


def groups(named: Named, config: OptimisationConfig, *, of: Named | None = None) -> list[dict[str, Any]]:
    """Return the groups of an optimiser: what decays and what does not, for each scale of the learning rate.

    With ``layer_decay`` the embeddings are the lowest layer and the heads the highest, whose ``lr_scale`` is 1 (as in
    ELECTRA and BEiT). ``of`` are all weights of the model where ``named`` are some of them.
    """
    depths = [depth for name, _ in (of or named) if (depth := depth_of(name)) is not None]
    highest = max(depths, default=-1) + 1
    scales: dict[float, list[dict[str, Any]]] = {}
    for name, weight in named:
        depth = depth_of(name)
        if depth is None:
            depth = -1 if "embeddings" in name else highest
        scale = config.layer_decay ** (highest - depth)
        if scale not in scales:
            shared = {"lr_scale": scale}
            scales[scale] = [
                {"params": [], "weight_decay": config.weight_decay, "decays": True, **shared},
                {"params": [], "weight_decay": 0.0, "decays": False, **shared},
            ]
        scales[scale][0 if decays(name) else 1]["params"].append(weight)
    return [group for pair in scales.values() for group in pair]
