"""Muon for the matrices of the layers, AdamW for all else (Jordan et al. 2024; scaled to AdamW's steps as in
arXiv:2502.16982, so that one learning rate and one weight decay serve both).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from zhprep.engine.config import OptimisationConfig
from zhprep.engine.groups import Named, depth_of, groups


class MuonWithAdamW(torch.optim.Optimizer):
    """Two optimisers of torch as one: groups and state are kept here, and each part is handed its own for a step."""

    def __init__(
        self, matrices: list[dict[str, Any]], others: list[dict[str, Any]], config: OptimisationConfig
    ) -> None:
        self._muon = torch.optim.Muon(
            matrices, lr=config.learning_rate, momentum=config.momentum, adjust_lr_fn="match_rms_adamw"
        )
        betas = config.beta1, config.beta2
        self._adamw = torch.optim.AdamW(others, lr=config.learning_rate, betas=betas, eps=config.epsilon, fused=True)
        super().__init__([*matrices, *others], {})
        self._n_muon = len(matrices)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]  # ours have none
        """Change all weights."""
        assert closure is None
        for part, own in (
            (self._muon, self.param_groups[: self._n_muon]),
            (self._adamw, self.param_groups[self._n_muon :]),
        ):
            part.state, part.param_groups = self.state, own
            part.step()  # type: ignore[no-untyped-call]


def muon(named: Named, config: OptimisationConfig) -> torch.optim.Optimizer:
    """Return Muon over the matrices in layers of ``named`` weights, and AdamW over embeddings, heads and vectors."""
    hidden = {name for name, weight in named if weight.ndim == 2 and depth_of(name) is not None}
    matrices = groups([(name, weight) for name, weight in named if name in hidden], config, of=named)
    others = groups([(name, weight) for name, weight in named if name not in hidden], config, of=named)
    return MuonWithAdamW([group for group in matrices if group["params"]], others, config)
