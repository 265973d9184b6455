"""Masks: which tokens are chosen, how many, and what stands in their places.

``words`` are what is drawn over; ``budgets`` say how much; a strategy (``strategies``) chooses, by ``filling`` or
``growing``; a replacement (``replacements``) says what goes there; ``masking`` does both for a batch.
"""

from __future__ import annotations

from zhprep.instances.masks.budgets import BUDGETS, Budget, budget_of
from zhprep.instances.masks.coarse import CoarseFlat
from zhprep.instances.masks.drawing import (
    KEEP,
    KINDS,
    MASK,
    MOVED,
    RANDOM,
    SIMILAR,
    UNPAIRED,
    Chosen,
    Masked,
    PinyinReadings,
    TokenFacts,
    draw_kinds,
)  # fmt: skip
from zhprep.instances.masks.filling import first_in_random_order
from zhprep.instances.masks.masking import Flat, mask_batch, mask_pinyin_ids
from zhprep.instances.masks.replacements import RATIOS, REPLACEMENTS
from zhprep.instances.masks.runs import draw_lengths
from zhprep.instances.masks.strategies import STRATEGIES
from zhprep.instances.masks.words import Choice, Units, Words

__all__ = [
    "BUDGETS", "KEEP", "KINDS", "MASK", "MOVED", "RANDOM", "RATIOS", "REPLACEMENTS", "SIMILAR", "STRATEGIES",
    "UNPAIRED", "Budget", "Choice", "Chosen", "CoarseFlat", "Flat", "Masked", "PinyinReadings", "TokenFacts",
    "Units", "Words",
    "budget_of", "draw_kinds", "draw_lengths", "first_in_random_order", "mask_batch", "mask_pinyin_ids",
]  # fmt: skip
