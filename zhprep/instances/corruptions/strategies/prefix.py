"""``prefix``: a prefix language model reads a random prefix and writes the rest (UniLM, arXiv 1905.03197; T5 §3.2.1).

The text stays as it is. Every prefix that leaves something to write has the same chance.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from zhprep.core import rng
from zhprep.core.ragged import offsets_of, ranges
from zhprep.instances.corruptions.corrupted import Conditions, Corrupted


def prefix(text: Corrupted, conditions: Conditions) -> Corrupted:
    """Draw how much of every instance is given."""
    lengths = text.words.lengths
    draws = rng.bits(conditions.keys("prefix", text), 0)
    given = np.minimum(1 + rng.below(draws, np.maximum(lengths - 1, 1)), lengths)
    rest = lengths - given
    labels = text.input_ids[ranges(text.offsets[:-1] + given, rest)]
    return dataclasses.replace(text, labels=labels, label_offsets=offsets_of(rest), prefix_lengths=given)
