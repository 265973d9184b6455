"""Training instances: cut, paired and masked.

In: ``words`` record batches of one block and a tokenizer. Out: ``instances`` record batches, clean (masked when
batches are made) or masked on disk. Four families of parts: ``formats/`` makes instances out of sentences,
``masks/`` chooses tokens, ``replacements/`` says what stands in their places, and ``corruptions/`` makes a source and a
target of an instance, for models that write.
"""

from __future__ import annotations

from zhprep.instances.build import InstanceBuilder, build_instances
from zhprep.instances.config import InstancesConfig
from zhprep.instances.corruptions.corrupted import Corrupted
from zhprep.instances.corruptions.corrupting import corrupt_batch
from zhprep.instances.made import made_with
from zhprep.instances.masks.drawing import TokenFacts
from zhprep.instances.masks.masking import Flat, Masked, mask_batch
from zhprep.instances.materials import Materials, facts_of
from zhprep.instances.sides import builder_of

Config = InstancesConfig

__all__ = [
    "Config",
    "Corrupted",
    "Flat",
    "InstanceBuilder",
    "InstancesConfig",
    "Masked",
    "Materials",
    "TokenFacts",
    "build_instances",
    "builder_of",
    "corrupt_batch",
    "facts_of",
    "made_with",
    "mask_batch",
]
