"""``shuffle``: the chosen tokens of a text change places; the labels are positions (PERT, arXiv 2203.06906).

90 % of the chosen tokens take part, 10 % stay. All that take part change places with one another, wherever they stand
in their text, since the paper shuffles "the order" of what was chosen; within each n-gram, where 40 % are single words
and many of these single characters, only 57 % of the chosen tokens would move. What stands between two special tokens
is a text: nothing moves into another sentence of a pair, nor into a packed sequence where it could not be seen.

The label of a place is where, within the instance, the token that belongs there now stands; so ``input_ids[label]``
restores the text.
"""

from __future__ import annotations

import numpy as np

from zhprep.core import rng
from zhprep.instances.config import InstancesConfig
from zhprep.instances.masks.drawing import KEEP, MOVED, RANDOM, Chosen, Replaced, TokenFacts, draw_kinds, draw_tokens

RATIOS = (0.9, 0.0, 0.1)
ORDER = 1 << 40
"""Added to the index of a token to draw its place in the new order."""


def shuffle(chosen: Chosen, config: InstancesConfig, facts: TokenFacts) -> Replaced:
    """Return what stands in the chosen places, and for each where its token now stands."""
    kinds = draw_kinds(chosen, config.ratios or RATIOS, config.per, first=MOVED)
    moving = np.flatnonzero(kinds == MOVED)
    texts, keys = chosen.texts()[moving], chosen.keys[moving]
    fresh = (texts[1:] != texts[:-1]) | (keys[1:] != keys[:-1])
    group = np.concatenate([[0], np.cumsum(fresh)])[: len(moving)]
    draws = rng.bits(keys, chosen.places[moving] + ORDER)
    source = moving[np.lexsort((draws, group))]
    ids, labels = chosen.ids.copy(), chosen.places.copy()
    ids[moving] = chosen.ids[source]
    labels[source] = chosen.places[moving]
    random = np.flatnonzero(kinds == RANDOM)
    ids[random] = draw_tokens(chosen, random, facts.pool)
    kinds[(kinds == MOVED) & (labels == chosen.places)] = KEEP
    return Replaced(ids, kinds, labels)
