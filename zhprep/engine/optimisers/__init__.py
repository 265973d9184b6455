"""How weights are changed by gradients: functions that make an optimiser of torch for named weights and settings."""

from __future__ import annotations

from collections.abc import Callable

import torch

from zhprep.engine.config import OptimisationConfig
from zhprep.engine.groups import Named
from zhprep.engine.optimisers.adamw import adamw
from zhprep.engine.optimisers.bert_adam import bert_adam
from zhprep.engine.optimisers.lamb import lamb
from zhprep.engine.optimisers.muon import muon
from zhprep.engine.optimisers.stable_adamw import stable_adamw

OPTIMISERS: dict[str, Callable[[Named, OptimisationConfig], torch.optim.Optimizer]] = {
    "adamw": adamw,
    "bert-adam": bert_adam,
    "lamb": lamb,
    "stable-adamw": stable_adamw,
    "muon": muon,
}
