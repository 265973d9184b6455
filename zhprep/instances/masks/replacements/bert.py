"""``bert``: 80 % the mask token, 10 % a random token, 10 % unchanged (BERT, arXiv 1810.04805 §3.1)."""

from __future__ import annotations

from zhprep.instances.config import InstancesConfig
from zhprep.instances.masks.drawing import MASK, Chosen, Replaced, TokenFacts, draw_kinds, replaced

RATIOS = (0.8, 0.1, 0.1)


def bert(chosen: Chosen, config: InstancesConfig, facts: TokenFacts) -> Replaced:
    """Return what stands in the chosen places."""
    return replaced(chosen, draw_kinds(chosen, config.ratios or RATIOS, config.per, first=MASK), facts)
