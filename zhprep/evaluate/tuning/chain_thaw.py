"""Chain-thaw (Felbo et al., arXiv:1708.00524 §3.3): first what is new, then each group alone from the embeddings up,
then all together; each for the same number of steps."""

from __future__ import annotations

from zhprep.evaluate.config import EvaluateConfig
from zhprep.evaluate.stages import Tuning, groups_of, in_turn, total_steps
from zhprep.models import Model


def chain_thaw(model: Model, config: EvaluateConfig, per_epoch: int) -> Tuning:
    """Train the heads, each group of the body from the bottom, then everything."""
    groups = groups_of(model)
    turns = [groups[0], *reversed(groups[1:]), frozenset().union(*groups)]
    return Tuning(in_turn(turns, total_steps(config, per_epoch)))
