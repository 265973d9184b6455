"""Gradual unfreezing with discriminative rates (ULMFiT, arXiv:1801.06146 §3.2-3.3): from the top, one group more each
epoch; a group learns at 1/2.6 of the rate of the one above, and the rate ends at 1/32 of the highest."""

from __future__ import annotations

from zhprep.evaluate.config import EvaluateConfig
from zhprep.evaluate.stages import Tuning, groups_of, in_turn, total_steps
from zhprep.models import Model

RATIO = 2.6
END = 1 / 32


def gradual(model: Model, config: EvaluateConfig, per_epoch: int) -> Tuning:
    """Train the heads first, then with each epoch the next group below too; sooner where there are fewer epochs than
    groups, so that all are trained at the end."""
    groups = groups_of(model)
    opened = [frozenset().union(*groups[: number + 1]) for number in range(len(groups))]
    stages = in_turn(opened, total_steps(config, per_epoch), per_epoch)
    return Tuning(stages, layer_decay=1 / RATIO, end_rate=END)
