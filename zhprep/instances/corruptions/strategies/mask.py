"""``mask``: token masking, as in masked language models (BART, arXiv 1910.13461 §2.2).

``--mask`` chooses and ``--replacement`` replaces, with the draws of masked instances; the target is the whole text.
"""

from __future__ import annotations

import dataclasses

from zhprep.instances.corruptions.corrupted import Conditions, Corrupted
from zhprep.instances.masks import Flat, mask_batch


def mask(text: Corrupted, conditions: Conditions) -> Corrupted:
    """Mask tokens of every instance."""
    flat = Flat(text.input_ids, text.word_ids, text.offsets, text.instance_ids)
    masked = mask_batch(flat, conditions.config, conditions.facts, conditions.epoch)
    return dataclasses.replace(text, input_ids=masked.input_ids)
