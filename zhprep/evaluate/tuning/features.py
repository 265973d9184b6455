"""Feature extraction: the body stays as it was pretrained, to the bit; what is on top of it is trained."""

from __future__ import annotations

from zhprep.evaluate.config import EvaluateConfig
from zhprep.evaluate.stages import Tuning, heads_of, one_stage, total_steps
from zhprep.models import Model


def features(model: Model, config: EvaluateConfig, per_epoch: int) -> Tuning:
    """Train the heads and the weights of layers."""
    return one_stage(heads_of(model), total_steps(config, per_epoch), frozen=True)
