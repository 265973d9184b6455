"""Replacements: what goes in the chosen places.

In: the chosen tokens of a batch. Out: their new ids, a code per token that says what was done, and the labels.
"""

from __future__ import annotations

from collections.abc import Callable

from zhprep.instances.config import InstancesConfig
from zhprep.instances.masks.drawing import Chosen, Replaced, TokenFacts
from zhprep.instances.masks.replacements.all_mask import RATIOS as ALL_MASK
from zhprep.instances.masks.replacements.all_mask import all_mask
from zhprep.instances.masks.replacements.bert import RATIOS as BERT
from zhprep.instances.masks.replacements.bert import bert
from zhprep.instances.masks.replacements.partial import partial
from zhprep.instances.masks.replacements.random import RATIOS as RANDOM_ONLY
from zhprep.instances.masks.replacements.random import random
from zhprep.instances.masks.replacements.shuffle import shuffle
from zhprep.instances.masks.replacements.similar import RATIOS as SIMILAR
from zhprep.instances.masks.replacements.similar import similar

Replacement = Callable[[Chosen, InstancesConfig, TokenFacts], Replaced]

REPLACEMENTS: dict[str, Replacement] = {
    "bert": bert,
    "similar": similar,
    "random": random,
    "all-mask": all_mask,
    "partial": partial,
    "shuffle": shuffle,
}

RATIOS = {"bert": BERT, "partial": BERT, "all-mask": ALL_MASK, "random": RANDOM_ONLY, "similar": SIMILAR}
"""Ratios of replaced, random and kept of the replacements that say what they did to every token."""
