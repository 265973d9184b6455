"""What masked tokens sound like: never like the token that is to be guessed (ChineseBERT).

In: the syllable of every token and the masks. Out: the syllables of the masked instances.
"""

from __future__ import annotations

from zhprep.instances.drawing import KEEP, MASK, TokenFacts
from zhprep.instances.masking import Masked
from zhprep.instances.ragged import Array


def masked_sounds(sounds: Array, masked: Masked, facts: TokenFacts) -> Array:
    """Return ``sounds`` with 0 at mask tokens, the usual syllable (or 0 if none is known) of a token that was put in
    another's place, and the old one where the token was kept."""
    result = sounds.copy()
    result[masked.positions[masked.kinds == MASK]] = 0
    changed = masked.positions[(masked.kinds != MASK) & (masked.kinds != KEEP)]
    result[changed] = 0 if facts.sounds is None else facts.sounds[masked.input_ids[changed]]
    return result
