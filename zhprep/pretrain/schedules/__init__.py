"""The learning rate over a run: after a linear warm-up, a pure function of how far the rest is done."""

from __future__ import annotations

from collections.abc import Callable

from zhprep.pretrain.schedules.constant import constant
from zhprep.pretrain.schedules.cosine import cosine
from zhprep.pretrain.schedules.linear import linear
from zhprep.pretrain.schedules.wsd import wsd

SCHEDULES: dict[str, Callable[[float], float]] = {
    "linear": linear,
    "constant": constant,
    "cosine": cosine,
    "wsd": wsd,
}


def rate(schedule: Callable[[float], float], step: int, n_steps: int, warmup: float) -> float:
    """Return the factor of the learning rate at ``step`` (from 0).

    ``warmup`` is a number of steps, or a share of all steps if below 1. The factor rises to 1 through the warm-up and
    then follows ``schedule``; no step has a factor of 0.
    """
    n_warmup = round(warmup * n_steps) if warmup < 1 else round(warmup)
    if step < n_warmup:
        return (step + 1) / (n_warmup + 1)
    return schedule((step - n_warmup) / max(n_steps - n_warmup, 1))
