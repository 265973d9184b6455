"""Weights in two places: a module uses what another one owns, which counts, saves and moves it."""

from __future__ import annotations

from typing import Any

from torch import nn


def lend(borrower: nn.Module, name: str, module: nn.Module) -> None:
    """Let ``borrower`` use ``module`` as its ``name`` without owning it."""
    borrower._modules.pop(name, None)
    object.__setattr__(borrower, name, module)


class Borrowed(nn.Module):
    """A module in a container that another one owns, which counts, saves and moves it."""

    _owned: nn.Module

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        object.__setattr__(self, "_owned", module)
        self.needs, self.takes = getattr(module, "needs", ()), getattr(module, "takes", ())

    def forward(self, *inputs: Any) -> Any:
        """Return what the module returns."""
        return self._owned(*inputs)
