"""Weights in two places: a module uses what another one owns, which counts, saves and moves it."""

from __future__ import annotations

from torch import nn


def lend(borrower: nn.Module, name: str, module: nn.Module) -> None:
    """Let ``borrower`` use ``module`` as its ``name`` without owning it."""
    borrower._modules.pop(name, None)
    object.__setattr__(borrower, name, module)
