"""Fine-tuning of all weights (BERT, arXiv:1810.04805 §3.2)."""

from __future__ import annotations

from zhprep.evaluate.config import EvaluateConfig
from zhprep.evaluate.heads import TaskModel
from zhprep.evaluate.stages import Tuning, names_of, one_stage, total_steps


def full(model: TaskModel, config: EvaluateConfig, per_epoch: int) -> Tuning:
    """Train everything."""
    return one_stage(names_of(model), total_steps(config, per_epoch))
