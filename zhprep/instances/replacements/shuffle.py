"""``shuffle``: the tokens of each chosen span change places; the labels are positions (PERT, arXiv 2203.06906).

90 % of the chosen tokens take part, 10 % stay. The label of a place is where, within the instance, the token
that belongs there now stands; so ``input_ids[label]`` restores the text.
"""

from __future__ import annotations

import numpy as np

from zhprep.core import rng
from zhprep.instances.config import InstancesConfig
from zhprep.instances.drawing import KEEP, MOVED, RANDOM, Chosen, Replaced, TokenFacts, draw_kinds, draw_tokens

SHARES = (0.9, 0.0, 0.1)
ORDER = 1 << 40
"""Added to the index of a token to draw its place in the new order."""


def shuffle(chosen: Chosen, config: InstancesConfig, facts: TokenFacts) -> Replaced:
    """Return what stands in the chosen places, and for each where its token now stands."""
    kinds = draw_kinds(chosen, config.ratios or SHARES, config.per, first=MOVED)
    moving = np.flatnonzero(kinds == MOVED)
    spans, keys = chosen.spans[moving], chosen.keys[moving]
    fresh = (spans[1:] != spans[:-1]) | (keys[1:] != keys[:-1])
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
