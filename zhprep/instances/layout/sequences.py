"""Fill instances greedily with whole sentences that follow one another.

In: a window. Out: the sentences with which instances begin, and the pieces they are made of.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise

import numpy as np

from zhprep.core import rng
from zhprep.core.ragged import Ints
from zhprep.instances.layout.window import Pieces, Plan, Window

SPECIALS = 2
"""``[CLS]`` and the last ``[SEP]``."""


def across_documents(window: Window, plan: Plan, *, alone: float = 0.0) -> Pieces:
    """Fill instances across documents, with a separator at each border; what does not fill one is left over.

    With the chance ``alone`` an instance is a single sentence.
    """
    room = plan.config.max_length - SPECIALS
    begins = window.sentences[:-1] + window.document_of  # tokens and separators before each sentence
    ends = (window.sentences[1:] + window.document_of).tolist()
    firsts: list[int] = []
    sentence = window.first
    single = _coins(plan, alone, window.n_sentences - sentence)
    while sentence < window.n_sentences:
        if single[len(firsts)]:
            after = sentence + 1
        else:
            after = bisect_right(ends, int(begins[sentence]) + room, sentence)
            if after == window.n_sentences and not plan.last:
                break
        firsts.append(sentence)
        sentence = after
    return pieces_of(window, np.array(firsts, np.int64), sentence)


def within_documents(window: Window, plan: Plan) -> Pieces:
    """Fill instances within each document; the last one of a document stays short."""
    room = plan.config.max_length - SPECIALS
    bounds: list[int] = window.sentences.tolist()
    documents: list[int] = window.documents[window.fresh :].tolist()
    firsts = []
    for sentence, end in pairwise(documents):
        while sentence < end:
            firsts.append(sentence)
            sentence = bisect_right(bounds, bounds[sentence] + room, sentence + 1, end + 1) - 1
    return pieces_of(window, np.array(firsts, np.int64), window.n_sentences)


def _coins(plan: Plan, chance: float, n: int) -> list[bool]:
    keys = rng.keys(plan.config.seed, "single", plan.first_id + np.arange(n))
    coins: list[bool] = rng.chance(rng.bits(keys, 0), chance).tolist()
    return coins


def pieces_of(window: Window, firsts: Ints, used: int) -> Pieces:
    """Cut the sentences from the first instance to ``used`` where instances and where documents begin."""
    starts = window.sentences[firsts]
    stop = int(window.sentences[used])
    start = int(starts[0]) if len(starts) else stop
    documents = window.document_tokens[:-1]
    inside = documents[(documents > start) & (documents < stop)]
    edges = np.unique(np.concatenate([starts, inside, [stop]]))
    instances = np.searchsorted(starts, edges[:-1], side="right") - 1
    return Pieces(instances, edges[:-1], edges[1:], len(starts), window.tail(used))
