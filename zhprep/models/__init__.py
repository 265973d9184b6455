"""Models in plain torch, assembled from small parts that a recipe names.

A model is a sum of inputs, an encoder and one head per objective::

    batch ─ inputs ─ embeddings [B, L, D] ─ encoder ─ states [B, L, D] ─┬─ head of objective 1 ─ loss
                                                                        └─ head of objective 2 ─ loss

What the parts are is in :data:`INPUTS`, :data:`ENCODERS` and :data:`OBJECTIVES`; how wide and deep in :data:`SIZES`.
"""

from __future__ import annotations

from zhprep.models.config import SIZES, ModelConfig, model_config
from zhprep.models.encoders import ENCODERS
from zhprep.models.files import load_model, load_weights, save_model
from zhprep.models.inputs import INPUTS
from zhprep.models.model import Model
from zhprep.models.objectives import OBJECTIVES

__all__ = [
    "ENCODERS",
    "INPUTS",
    "OBJECTIVES",
    "SIZES",
    "Model",
    "ModelConfig",
    "load_model",
    "load_weights",
    "model_config",
    "save_model",
]
