"""Fine-tuning of all weights (BERT, arXiv:1810.04805 §3.2)."""

from __future__ import annotations

from zhprep.evaluate.config import EvaluateConfig
from zhprep.evaluate.stages import Tuning, names_of, one_stage, total_steps
from zhprep.models import Model


def full(model: Model, config: EvaluateConfig, per_epoch: int) -> Tuning:
    """Train everything."""
    return one_stage(names_of(model), total_steps(config, per_epoch))
