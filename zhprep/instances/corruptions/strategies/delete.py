"""``delete``: tokens are left out, and nothing says where (BART, arXiv 1910.13461 §2.2).

``--mask`` chooses them: single tokens as in the paper with ``char``, whole words with ``wwm``, and so on.
"""

from __future__ import annotations

import numpy as np

from zhprep.core.registry import lookup
from zhprep.instances.corruptions.corrupted import Conditions, Corrupted
from zhprep.instances.masks import STRATEGIES


def delete(text: Corrupted, conditions: Conditions) -> Corrupted:
    """Delete tokens of every instance."""
    strategy = lookup(STRATEGIES, conditions.config.mask, "mask strategy")
    choice = strategy(text.words, conditions.keys("delete", text), conditions.config)
    keep = np.ones(len(text.input_ids), np.bool_)
    keep[choice.positions] = False
    return text.only(keep)
