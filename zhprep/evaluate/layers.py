"""Which layers heads read: the embeddings, the last layer, one by its number, or all.

All are ``γ Σ α_l h_l`` with ``α = softmax(w)`` over the embeddings and every layer (ELMo, arXiv:1802.05365 §3.2,
equation 1); α and γ are learnt and reported.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn

from zhprep.core.errors import UsageError
from zhprep.models import ModelConfig
from zhprep.models.stream import HiddenStream

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


class LayerChoices(nn.Module):
    """The choice of layers ``which`` for each of some streams."""

    def __init__(self, which: str, specs: Mapping[str, ModelConfig]) -> None:
        super().__init__()
        self.of = nn.ModuleDict({name: LayerChoice(which, spec.num_hidden_layers) for name, spec in specs.items()})
        self.is_top = which == "top"

    def forward(self, streams: Mapping[str, HiddenStream]) -> dict[str, HiddenStream]:
        """Return ``streams`` with the states chosen."""
        if self.is_top:
            return dict(streams)
        chosen = {}
        for name, stream in streams.items():
            states: Tensor = self.of[name](stream.layers)
            chosen[name] = dataclasses.replace(stream, hidden_states=states)
        return chosen

    def figures(self) -> dict[str, object]:
        """Return α and γ of each stream, nothing where one depth is read."""
        return {name: found for name, one in self.of.items() if (found := cast(LayerChoice, one).figures())}
