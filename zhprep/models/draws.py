"""Addressed randomness inside a model: the same bits as :mod:`zhprep.core.rng`, in torch, on the model's device.

A model that draws (ELECTRA's generator samples tokens) takes the column ``keys`` of the batch, one key a row from the
seed, the epoch and the row's ``instance_id``. What it draws then depends on nothing else: not on the number of
processes, on how the batch is cut, or on what was drawn before. torch has no arithmetic on uint64; int64 wraps alike.
"""

from __future__ import annotations

import torch
from torch import Tensor


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


_GOLDEN = _signed(0x9E3779B97F4A7C15)
_FIRST = _signed(0xBF58476D1CE4E5B9)
_SECOND = _signed(0x94D049BB133111EB)


def bits(keys: Tensor, index: Tensor | int) -> Tensor:
    """Return 64 random bits (int64) for each pair of ``keys`` and ``index`` (int64, broadcast)."""
    x = keys + torch.as_tensor(index, device=keys.device) * _GOLDEN + _GOLDEN
    x = (x ^ _shifted(x, 30)) * _FIRST
    x = (x ^ _shifted(x, 27)) * _SECOND
    return x ^ _shifted(x, 31)


def uniform(random: Tensor) -> Tensor:
    """Map random bits to float32 in ``(0, 1)``: the upper 23 bits and a half, so that neither end is ever met."""
    return (_shifted(random, 41).float() + 0.5) * 2.0**-23


def _shifted(x: Tensor, places: int) -> Tensor:
    """Shift int64 ``[…]`` to the right as unsigned numbers are."""
    return (x >> places) & ((1 << (64 - places)) - 1)
