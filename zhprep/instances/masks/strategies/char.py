"""``char``: every token stands alone (BERT's masking of single characters and pieces)."""

from __future__ import annotations

from zhprep.core import rng
from zhprep.instances.config import InstancesConfig
from zhprep.instances.masks.budgets import budget_of
from zhprep.instances.masks.filling import fill
from zhprep.instances.masks.words import Choice, Words


def char(words: Words, keys: rng.Bits, config: InstancesConfig) -> Choice:
    """Choose single tokens, each with the same chance."""
    return Choice.of_units(words.tokens, fill(words.tokens, budget_of(config, words, words.tokens, keys), keys))
