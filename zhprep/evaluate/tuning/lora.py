"""LoRA (arXiv:2106.09685 §4): products of low rank added to the query and value projections of attention; they and the
heads are trained. The second factor begins at nothing, so that the model begins as it was."""

from __future__ import annotations

import math
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zhprep.evaluate.config import EvaluateConfig
from zhprep.evaluate.stages import Tuning, heads_of, names_of, one_stage, total_steps
from zhprep.models import Model

FUSED = {"qkv": (True, False, True), "query": (True,), "kv": (False, True)}
"""Projections of attention by name: what lies side by side in each, and whether it is changed."""


class LowRank(nn.Module):
    """A linear layer with ``scale · B A x`` added to those of its parts that ``changed`` says: ``2rd`` weights each."""

    def __init__(self, base: nn.Linear, changed: tuple[bool, ...], rank: int, scale: float) -> None:
        super().__init__()
        self.base, self.changed, self.scale = base, changed, scale
        width = base.out_features // len(changed)
        self.down = nn.ParameterList(torch.empty(rank, base.in_features) for one in changed if one)
        self.up = nn.ParameterList(torch.zeros(width, rank) for one in changed if one)
        for weight in self.down:
            nn.init.kaiming_uniform_(weight, a=math.sqrt(5))

    def forward(self, states: Tensor) -> Tensor:
        """Return ``[B, L, out]``."""
        out: Tensor = self.base(states)
        parts, pairs = list(out.chunk(len(self.changed), -1)), iter(zip(self.down, self.up, strict=True))
        for place, one in enumerate(self.changed):
            if one:
                down, up = next(pairs)
                parts[place] = parts[place] + self.scale * F.linear(F.linear(states, down), up)
        return torch.cat(parts, -1)


def lora(model: Model, config: EvaluateConfig, per_epoch: int) -> Tuning:
    """Put products of rank ``config.lora_rank`` into every attention, and train them and the heads."""
    scale = config.lora_alpha / config.lora_rank
    for module in list(model.body.modules()):
        for name, changed in FUSED.items():
            if name in module._modules:
                base = cast(nn.Linear, module._modules[name])
                setattr(module, name, LowRank(base, changed, config.lora_rank, scale))
    added = [name for name in names_of(model) if ".down." in name and name.split(".down.")[-1].isdigit()]
    added += [name for name in names_of(model) if ".up." in name and name.split(".up.")[-1].isdigit()]
    return one_stage({*added, *heads_of(model)}, total_steps(config, per_epoch))
