"""Models in plain torch, assembled from small parts that a recipe names.

A body turns a batch into named streams of hidden states; each objective reads one of them::

    batch ─ body: inputs ─ embeddings [B, L, D] ─ stack of layers ─┬─ stream ─┬─ objective 1 ─ prediction ─ loss
                                                                   │          └─ objective 2 ─ prediction ─ loss
                                                                   └─ stream ─── objective 3 ─ prediction ─ loss

What the parts are is in :data:`INPUTS`, :data:`EMBEDDINGS`, :data:`LAYERS`, :data:`STACKS`, :data:`BODIES` and
:data:`OBJECTIVES`; how wide and deep in :data:`SIZES`; how models lie in folders in :data:`FORMATS`.

    part.py  config.py  recipe.py  assets.py      what parts are, their settings, what they need besides
    inputs/  embeddings/                          columns of a batch -> [B, L, E] -> [B, L, D]
    attention.py  feedforward.py  norms.py        what layers are made of, by settings
    layers/  stacks/                              a layer; which layers share weights
    bodies/  stream.py                            streams; what goes with hidden states
    objectives/  heads.py  prediction.py          what is predicted
    model.py                                      all of it
    checkpoints/                                  names of weights and settings in other libraries
"""

from __future__ import annotations

from zhprep.models.assets import Assets
from zhprep.models.bodies import BODIES
from zhprep.models.checkpoints import FORMATS
from zhprep.models.checkpoints.files import load_model, load_weights, save_model
from zhprep.models.config import SIZES, ModelConfig
from zhprep.models.embeddings import EMBEDDINGS
from zhprep.models.inputs import INPUTS
from zhprep.models.layers import LAYERS
from zhprep.models.model import Model
from zhprep.models.objectives import OBJECTIVES
from zhprep.models.recipe import model_config
from zhprep.models.stacks import STACKS

__all__ = [
    "BODIES",
    "EMBEDDINGS",
    "FORMATS",
    "INPUTS",
    "LAYERS",
    "OBJECTIVES",
    "SIZES",
    "STACKS",
    "Assets",
    "Model",
    "ModelConfig",
    "load_model",
    "load_weights",
    "model_config",
    "save_model",
]
