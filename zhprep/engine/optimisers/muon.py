"""Muon for the matrices of the layers, AdamW for all else (Jordan et al. 2024; scaled to AdamW's steps as in
arXiv:2502.16982, so that one learning rate and one weight decay serve both).

torch's own Muon always multiplies in bfloat16. A CPU without such units takes four times as long for that as in float32
(700 ms a step at ``mini``, more than all else), so there it is float32.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from zhprep.engine.config import OptimisationConfig
from zhprep.engine.groups import Named, depth_of, groups

COEFFICIENTS = 3.4445, -4.7750, 2.0315
"""Of the odd polynomial that is applied five times (Jordan et al. 2024)."""
N_ITERATIONS = 5


_OBLONG = 1.5
"""From this ratio of the sides on, iterations on the square of the shorter side have fewer operations."""


def orthogonalised(matrix: Tensor) -> Tensor:
    """Return ``matrix`` ``[R, C]`` with singular values of about 1, by five Newton-Schulz iterations; bfloat16 on a
    GPU, else of the dtype of ``matrix``."""
    on_gpu = matrix.device.type == "cuda"
    states = matrix.bfloat16() if on_gpu else matrix
    tall = matrix.shape[0] > matrix.shape[1]
    states = states.T if tall else states
    states = states / states.norm().clamp(min=1e-7)
    oblong = states.shape[1] > _OBLONG * states.shape[0]
    states = _by_gram(states) if oblong and not on_gpu else _plainly(states)
    return states.T if tall else states


def _plainly(states: Tensor) -> Tensor:
    """Return what the iterations make of ``states`` ``[n, m]``: each is ``(a + b·XXᵀ + c·(XXᵀ)²)·X``."""
    first, second, third = COEFFICIENTS
    for _ in range(N_ITERATIONS):
        gram = states @ states.T
        states = torch.addmm(states, torch.addmm(gram, gram, gram, beta=second, alpha=third), states, beta=first)
    return states


def _by_gram(states: Tensor) -> Tensor:
    """Return the same, with the long side ``m`` of ``states`` ``[n, m]`` in two products only.

    Each iteration is a factor ``P`` on the left, ``[n, n]``, a polynomial of ``XXᵀ``, which it turns into ``P·XXᵀ·P``:
    the factors are multiplied with one another first. Squares of singular values are coarser than these: in float32 the
    result is within 3e-4 of the exact one (by the Frobenius norm, singular values down to 1e-8) where :func:`_plainly`
    is within 1e-5, and bfloat16, in which torch's own Muon does it, a tenth off.
    """
    first, second, third = COEFFICIENTS
    gram, factors = states @ states.T, None
    for number in range(N_ITERATIONS):
        factor = torch.addmm(gram, gram, gram, beta=second, alpha=third)
        factor.diagonal().add_(first)
        factors = factor if factors is None else factor @ factors
        if number + 1 < N_ITERATIONS:
            gram = factor @ gram @ factor
    assert factors is not None
    return factors @ states


class MuonWithAdamW(torch.optim.Optimizer):
    """Muon and torch's AdamW as one: groups and state are kept here, and AdamW is handed its own for a step."""

    def __init__(
        self, matrices: list[dict[str, Any]], others: list[dict[str, Any]], config: OptimisationConfig
    ) -> None:
        betas = config.beta1, config.beta2
        self._adamw = torch.optim.AdamW(others, lr=config.learning_rate, betas=betas, eps=config.epsilon, fused=True)
        super().__init__([*matrices, *others], {"lr": config.learning_rate})
        self._n_muon, self._momentum = len(matrices), config.momentum

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]  # ours have none
        """Change all weights."""
        assert closure is None
        for group in self.param_groups[: self._n_muon]:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._change(weight, weight.grad, group)
        self._adamw.state, self._adamw.param_groups = self.state, self.param_groups[self._n_muon :]
        self._adamw.step()

    def _change(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        """Change a matrix ``[R, C]`` by its orthogonalised mean gradient, Nesterov's, as long as AdamW's steps are."""
        state = self.state[weight]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(weight)
        mean = state["momentum_buffer"].lerp_(gradient, 1 - self._momentum)
        update = orthogonalised(gradient.lerp(mean, self._momentum))
        weight.mul_(1 - group["lr"] * group["weight_decay"])
        weight.add_(update.to(weight.dtype), alpha=-group["lr"] * 0.2 * math.sqrt(max(weight.shape)))


def muon(named: Named, config: OptimisationConfig) -> torch.optim.Optimizer:
    """Return Muon over the matrices in layers of ``named`` weights, and AdamW over embeddings, heads and vectors."""
    hidden = {name for name, weight in named if weight.ndim == 2 and depth_of(name) is not None}
    matrices = groups([(name, weight) for name, weight in named if name in hidden], config, of=named)
    others = groups([(name, weight) for name, weight in named if name not in hidden], config, of=named)
    return MuonWithAdamW([group for group in matrices if group["params"]], others, config)
