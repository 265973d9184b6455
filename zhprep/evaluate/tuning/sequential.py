"""Sequential unfreezing (Chronopoulou et al., arXiv:1902.10547 §3.3): first what is new, then the layers too, then the
embeddings too; each for a third of the steps."""

from __future__ import annotations

from zhprep.evaluate.config import EvaluateConfig
from zhprep.evaluate.stages import Tuning, groups_of, in_turn, total_steps
from zhprep.models import Model


def sequential(model: Model, config: EvaluateConfig, per_epoch: int) -> Tuning:
    """Train the heads, then all but the embeddings, then everything."""
    groups = groups_of(model)
    opened = [groups[0], frozenset().union(*groups[:-1]), frozenset().union(*groups)]
    return Tuning(in_turn(opened, total_steps(config, per_epoch)))
