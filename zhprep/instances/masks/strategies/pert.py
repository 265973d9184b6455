"""``pert``: n-grams of whole words whose order is to be shuffled (PERT, arXiv 2203.06906).

The choice is MacBERT's; the replacement that goes with it is ``shuffle``, whose labels are positions:
what is chosen changes places within its text.
"""

from __future__ import annotations

from zhprep.core import rng
from zhprep.instances.config import InstancesConfig
from zhprep.instances.masks.strategies.mac import mac
from zhprep.instances.masks.words import Choice, Words


def pert(words: Words, keys: rng.Bits, config: InstancesConfig) -> Choice:
    """Choose n-grams of words until the budget is full."""
    return mac(words, keys, config)
