"""``random``: 90 % a random token, 10 % unchanged, no mask token at all (arXiv 1906.08101 §VII)."""

from __future__ import annotations

from zhprep.instances.config import InstancesConfig
from zhprep.instances.masks.drawing import RANDOM, Chosen, Replaced, TokenFacts, draw_kinds, replaced

RATIOS = (0.9, 0.0, 0.1)


def random(chosen: Chosen, config: InstancesConfig, facts: TokenFacts) -> Replaced:
    """Return what stands in the chosen places."""
    return replaced(chosen, draw_kinds(chosen, config.ratios or RATIOS, config.per, first=RANDOM), facts)
