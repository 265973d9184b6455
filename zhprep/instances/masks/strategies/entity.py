"""``entity``: words, phrases and entities are chosen whole (ERNIE, arXiv 1904.09223).

With ``--entities`` or ``--spans`` the words of an entity that stands in the text were joined to one unit when the
instances were made, so that here a unit is a word or an entity.
"""

from __future__ import annotations

from zhprep.core import rng
from zhprep.instances.config import InstancesConfig
from zhprep.instances.masks.strategies.wwm import wwm
from zhprep.instances.masks.words import Choice, Words


def entity(words: Words, keys: rng.Bits, config: InstancesConfig) -> Choice:
    """Choose whole units in random order."""
    return wwm(words, keys, config)
