"""Which layers of a model a head reads: the embeddings, the last layer, one by number, or all of them weighed.

All: ``γ Σ α_l h_l`` with ``α = softmax(w)`` over the states of the embeddings and of every layer (ELMo,
arXiv:1802.05365 §3.2, equation 1); α and γ are learnt and reported.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from zhprep.core.errors import UsageError

NAMED = ("embedding", "top", "all")


class LayerChoice(nn.Module):
    """Makes of the states of ``n_layers + 1`` depths (``[B, L, D]`` each) those that a head reads.

    ``which`` is one of :data:`NAMED` or the number of a layer, 0 being the embeddings. Raises ``UsageError`` for
    another.
    """

    def __init__(self, which: str, n_layers: int) -> None:
        super().__init__()
        numbers = {"embedding": 0, "top": n_layers}
        if which not in NAMED and not (which.isdigit() and int(which) <= n_layers):
            choices = ", ".join([*NAMED, f"0 to {n_layers}"])
            raise UsageError(f"--layers is {which!r}; the model has {n_layers} layers", hint=f"give one of {choices}")
        self.number = numbers[which] if which in numbers else int(which) if which != "all" else -1
        self.weights = nn.Parameter(torch.zeros(n_layers + 1)) if self.number < 0 else None
        self.scale = nn.Parameter(torch.ones(())) if self.number < 0 else None

    @property
    def alpha(self) -> Tensor | None:
        """The share of each depth, ``[layers + 1]``, summing to one; None where one depth is read."""
        return None if self.weights is None else self.weights.softmax(0)

    def forward(self, layers: tuple[Tensor, ...]) -> Tensor:
        """Return ``[B, L, D]``."""
        alpha = self.alpha
        if alpha is None or self.scale is None:
            return layers[self.number]
        mixed: Tensor = self.scale * torch.einsum("n,nbld->bld", alpha, torch.stack(layers))
        return mixed

    def figures(self) -> dict[str, object]:
        """Return α and γ as plain numbers, nothing where one depth is read."""
        if self.weights is None or self.scale is None:
            return {}
        alpha = self.weights.detach().softmax(0).tolist()
        return {"alpha": alpha, "gamma": float(self.scale.detach())}
