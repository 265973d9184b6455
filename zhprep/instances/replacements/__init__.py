"""Replacements: what goes in the chosen places.

In: the chosen tokens of a batch. Out: their new ids, a code per token that says what was done, and the labels.
"""

from __future__ import annotations

from collections.abc import Callable

from zhprep.instances.config import InstancesConfig
from zhprep.instances.drawing import Chosen, Replaced, TokenFacts
from zhprep.instances.replacements.all_mask import all_mask
from zhprep.instances.replacements.bert import bert
from zhprep.instances.replacements.partial import partial
from zhprep.instances.replacements.random import random
from zhprep.instances.replacements.shuffle import shuffle
from zhprep.instances.replacements.similar import similar

Replacement = Callable[[Chosen, InstancesConfig, TokenFacts], Replaced]

REPLACEMENTS: dict[str, Replacement] = {
    "bert": bert,
    "similar": similar,
    "random": random,
    "all-mask": all_mask,
    "partial": partial,
    "shuffle": shuffle,
}
