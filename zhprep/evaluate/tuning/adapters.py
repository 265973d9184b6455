"""Adapters (Houlsby et al., arXiv:1902.00751 §2.1): two small blocks in each layer, after the projection of attention
and after the feed-forward block, before the residual is added; they, the norms of layers and the heads are trained."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from zhprep.evaluate.config import EvaluateConfig
from zhprep.evaluate.stages import Tuning, heads_of, names_of, one_stage, total_steps
from zhprep.models import Model
from zhprep.models.blocks.norms import Residual

NEAR_NOTHING = 1e-3
"""Standard deviation of fresh weights, so that an adapter begins close to changing nothing."""


class Adapter(nn.Module):
    """Down to ``size``, GELU, up again, added to what comes in: ``2md + d + m`` weights."""

    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        self.down, self.up = nn.Linear(width, size), nn.Linear(size, width)
        for layer in (self.down, self.up):
            nn.init.normal_(layer.weight, std=NEAR_NOTHING)
            nn.init.zeros_(layer.bias)

    def forward(self, states: Tensor) -> Tensor:
        """Return ``[B, L, D]``."""
        added: Tensor = self.up(F.gelu(self.down(states)))
        return states + added


def adapters(model: Model, config: EvaluateConfig, per_epoch: int) -> Tuning:
    """Put adapters of ``config.adapter_size`` into every layer, and train them, norms of layers and heads."""
    for residual in [module for module in model.body.modules() if isinstance(module, Residual)]:
        width = [module for module in residual.block.modules() if isinstance(module, nn.Linear)][-1].out_features
        residual.dropout = nn.Sequential(residual.dropout, Adapter(width, config.adapter_size))
    names = [name for name in names_of(model) if "layers." in name and (".dropout.1." in name or ".norm." in name)]
    return one_stage({*names, *heads_of(model)}, total_steps(config, per_epoch))
