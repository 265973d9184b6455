"""Models in plain torch, assembled from small parts that a recipe names.

A body turns a batch into named streams of hidden states; each objective reads one of them::

    batch ─ body: inputs ─ embeddings [B, L, D] ─ stack of layers ─┬─ stream ─┬─ objective 1 ─ prediction ─ loss
                                                                   │          └─ objective 2 ─ prediction ─ loss
                                                                   └─ stream ─── objective 3 ─ prediction ─ loss

What the parts are is in :data:`INPUTS`, :data:`EMBEDDINGS`, :data:`LAYERS`, :data:`STACKS`, :data:`BODIES` and
:data:`OBJECTIVES`; how wide and deep in :data:`SIZES`; how models lie in folders in
:data:`zhprep.models.checkpoints.FORMATS`.

    config.py  recipe.py  assets.py     settings of parts, what they need besides
    blocks/                             what a part is; attention, norms, heads; layers/ and stacks/ of them
    embeddings/                         inputs/: columns of a batch -> [B, L, E]; combined -> [B, L, D]
    bodies/  stream.py                  streams; what goes with hidden states
    objectives/  prediction.py          what is predicted
    model.py                            all of it
    checkpoints/                        model folders: names of weights and settings in other libraries (on top of all)
"""

from __future__ import annotations

from zhprep.models.assets import Assets
from zhprep.models.blocks.layers import LAYERS
from zhprep.models.blocks.stacks import STACKS
from zhprep.models.bodies import BODIES
from zhprep.models.config import SIZES, ModelConfig
from zhprep.models.embeddings import EMBEDDINGS
from zhprep.models.embeddings.inputs import INPUTS
from zhprep.models.model import Model
from zhprep.models.objectives import OBJECTIVES
from zhprep.models.recipe import model_config

__all__ = [
    "BODIES",
    "EMBEDDINGS",
    "INPUTS",
    "LAYERS",
    "OBJECTIVES",
    "SIZES",
    "STACKS",
    "Assets",
    "Model",
    "ModelConfig",
    "model_config",
]
