"""The learning rate over a run: after a linear warm-up, a pure function of how far the rest is done."""

from __future__ import annotations

from collections.abc import Callable

from zhprep.core.registry import lookup
from zhprep.engine.config import OptimisationConfig
from zhprep.engine.schedules.constant import constant
from zhprep.engine.schedules.cosine import cosine
from zhprep.engine.schedules.damped_cosine import damped_cosine
from zhprep.engine.schedules.linear import linear
from zhprep.engine.schedules.polynomial import polynomial
from zhprep.engine.schedules.wsd import wsd
from zhprep.engine.schedules.wsd_sqrt import wsd_sqrt

SCHEDULES: dict[str, Callable[[float, OptimisationConfig], float]] = {
    "linear": linear,
    "constant": constant,
    "cosine": cosine,
    "polynomial": polynomial,
    "wsd": wsd,
    "wsd-sqrt": wsd_sqrt,
    "damped-cosine": damped_cosine,
}
"""From 1 at the end of the warm-up to 0 at the end of the run, but for ``constant``."""


def learning_rate(config: OptimisationConfig, step: int) -> float:
    """Return the learning rate at ``step`` (from 0)."""
    return config.learning_rate * factor(config, step)


def factor(config: OptimisationConfig, step: int) -> float:
    """Return the share of the highest learning rate at ``step`` (from 0).

    ``warmup`` is a number of steps, or a share of all steps if below 1. The factor rises to 1 through the warm-up and
    then follows the schedule down to ``end_rate``; no step has a factor of 0.
    """
    schedule = lookup(SCHEDULES, config.schedule, "schedule")
    n_warmup = round(config.warmup * config.steps) if config.warmup < 1 else round(config.warmup)
    if step < n_warmup:
        return (step + 1) / (n_warmup + 1)
    shape = schedule((step - n_warmup) / max(config.steps - n_warmup, 1), config)
    return config.end_rate + (1.0 - config.end_rate) * shape
