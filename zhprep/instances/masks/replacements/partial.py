"""``partial``: the name of BERT's own replacement in MacBERT's comparison (arXiv 1906.08101 §VII)."""

from __future__ import annotations

from zhprep.instances.config import InstancesConfig
from zhprep.instances.masks.drawing import Chosen, Replaced, TokenFacts
from zhprep.instances.masks.replacements.bert import bert


def partial(chosen: Chosen, config: InstancesConfig, facts: TokenFacts) -> Replaced:
    """Return what stands in the chosen places: as ``bert``."""
    return bert(chosen, config, facts)
