"""Training instances: cut, paired and masked.

In: ``words`` record batches of one block and a tokenizer. Out: ``instances`` record batches, clean (masked when
batches are made) or masked on disk. In the order of the way: ``layout`` makes instances out of documents, ``masks``
chooses tokens and says what stands in their places, ``corruptions`` makes a source and a target instead, for models
that write; ``build`` does it for a block with ``materials`` and gives ``columns``. ``similar`` makes and reads the
table of similar words; ``inspect`` looks at what was made.
"""

from __future__ import annotations

from zhprep.instances.build import InstanceBuilder, build_instances, builder_of
from zhprep.instances.config import InstancesConfig, MaskProbSchedule
from zhprep.instances.corruptions import Corrupted, corrupt_batch
from zhprep.instances.masks import CoarseFlat, Flat, Masked, TokenFacts, mask_batch
from zhprep.instances.materials import (
    COARSE_VOCABULARY,
    HELD_OUT,
    SIMILAR_WORDS,
    TAGS,
    Materials,
    coarse_vocabulary,
    facts_of,
    instances_config,
)

Config = InstancesConfig

__all__ = [
    "COARSE_VOCABULARY",
    "HELD_OUT",
    "SIMILAR_WORDS",
    "TAGS",
    "CoarseFlat",
    "Config",
    "Corrupted",
    "Flat",
    "InstanceBuilder",
    "InstancesConfig",
    "MaskProbSchedule",
    "Masked",
    "Materials",
    "TokenFacts",
    "build_instances",
    "builder_of",
    "coarse_vocabulary",
    "corrupt_batch",
    "facts_of",
    "instances_config",
    "mask_batch",
]  # fmt: skip
