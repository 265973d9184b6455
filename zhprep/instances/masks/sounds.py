"""What masked tokens sound like: never like the token that is to be guessed (ChineseBERT's dynamic masking).

In: the syllable of every token and the masks. Out: the syllables of the masked instances.
"""

from __future__ import annotations

import numpy as np

from zhprep.core import rng
from zhprep.core.ragged import Array
from zhprep.instances.config import InstancesConfig
from zhprep.instances.masks.drawing import KEEP, MASK, TokenFacts
from zhprep.instances.masks.masking import Flat, Masked


def masked_sounds(
    sounds: Array, batch: Flat, masked: Masked, config: InstancesConfig, facts: TokenFacts, epoch: int
) -> Array:
    """Return ``sounds`` with 0 at mask tokens, one of its own readings at a token that was put in another's place
    (each with the same chance, 0 if it has none), and the old one where the token was kept."""
    result = sounds.copy()
    result[masked.positions[masked.kinds == MASK]] = 0
    put = np.flatnonzero((masked.kinds != MASK) & (masked.kinds != KEEP))
    positions = masked.positions[put]
    instances = np.searchsorted(masked.offsets, put, side="right") - 1
    keys = rng.keys(config.seed, "sound", epoch, batch.instance_ids)[instances]
    random = rng.bits(keys, positions - batch.offsets[instances])
    token_ids = masked.input_ids[positions].astype(np.int64)
    result[positions] = 0 if facts.sounds is None else facts.sounds.draw(token_ids, random)
    return result
