"""``all-mask``: 90 % the mask token, 10 % unchanged (arXiv 1906.08101 §VII); NeoBERT's is ``ratios`` 1, 0, 0."""

from __future__ import annotations

from zhprep.instances.config import InstancesConfig
from zhprep.instances.masks.drawing import MASK, Chosen, Replaced, TokenFacts, draw_kinds, replaced

RATIOS = (0.9, 0.0, 0.1)


def all_mask(chosen: Chosen, config: InstancesConfig, facts: TokenFacts) -> Replaced:
    """Return what stands in the chosen places."""
    return replaced(chosen, draw_kinds(chosen, config.ratios or RATIOS, config.per, first=MASK), facts)
