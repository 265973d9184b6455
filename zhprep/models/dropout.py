"""Dropout (Srivastava et al. 2014), with cheap draws on a CPU.

torch draws a number of 32 bits for each element, one after the other: a fifth of a training step of a small model. Here
sixteen bits are enough for an element, four of which come from one draw of torch's generator, so that what is drawn is
still a function of its seed. A probability is rounded to a 65,536th, and what is kept is scaled by what it became.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

_LANES = 1 << 16


class Kept(NamedTuple):
    """Which elements are kept, float32 of 0 and 1, and what they are multiplied with so that means stay."""

    mask: Tensor
    scale: float


def drops_fast(like: Tensor) -> bool:
    """Return whether dropout of ``like`` is drawn here: on a CPU, in float32, in code that is not compiled."""
    return like.device.type == "cpu" and like.dtype == torch.float32 and not torch.compiler.is_compiling()


def kept(shape: torch.Size, probability: float) -> Kept:
    """Draw which elements of a tensor of ``shape`` are kept, each dropped with ``probability`` (below 1)."""
    n_elements = shape.numel()
    draws = torch.empty(-(-n_elements // 4), dtype=torch.int64).random_(-(2**63), None)
    n_dropped = min(round(probability * _LANES), _LANES - 1)
    mask = torch.empty(shape)
    torch.ge(draws.view(torch.int16)[:n_elements].view(shape), n_dropped - _LANES // 2, out=mask)
    return Kept(mask, _LANES / (_LANES - n_dropped))


class Dropout(nn.Dropout):
    """Sets elements to zero with probability ``p`` in training, and scales the others."""

    def forward(self, states: Tensor) -> Tensor:
        """Return a tensor of the shape and dtype of ``states``."""
        if not (self.training and 0 < self.p < 1 and drops_fast(states)):
            return super().forward(states)
        mask, scale = kept(states.shape, self.p)
        return states * mask.mul_(scale)
