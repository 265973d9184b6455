"""``wwm``: a word is chosen whole or not at all (BERT-wwm, arXiv 1906.08101)."""

from __future__ import annotations

from zhprep.core import rng
from zhprep.instances.config import InstancesConfig
from zhprep.instances.masks.budgets import budget_of
from zhprep.instances.masks.filling import fill
from zhprep.instances.masks.words import Choice, Words


def wwm(words: Words, keys: rng.Bits, config: InstancesConfig) -> Choice:
    """Choose whole words in random order; a word that does not fit the rest of the budget is skipped."""
    return Choice.of_units(words.units, fill(words.units, budget_of(config, words, words.units, keys), keys))
