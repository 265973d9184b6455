"""``electra``: one or two segments of text that follow one another, without a label (ELECTRA, arXiv 2003.10555).

Sentences of a document are gathered until they reach a target: the full length, or for the share ``short_seq_prob``
(ELECTRA: 0.05) a random shorter one. In nine instances of ten they are divided at half the target; the sentence across
it goes to either side with equal chance. What is too long is cut at its end, at a word, and what is cut off is counted;
ELECTRA throws it away, too.

One thing is not as in google-research/electra: there a later sentence still goes to the first segment if it fits,
though an earlier one has gone to the second, so that text is out of order. Here the second segment begins where the
first ends.
"""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from zhprep.core.ragged import Ints
from zhprep.instances.layout.pairs import PairList
from zhprep.instances.layout.window import Pieces, Plan, Window

ALONE = 0.1
"""Share of instances that have only one segment, however long."""

SHORTEST = 5
"""The least random target."""


def electra(window: Window, plan: Plan) -> Pieces:
    """Return one or two segments an instance; every document is used up."""
    pairs = PairList(plan.config.seed, "electra", plan.first_id)
    bounds: list[int] = window.sentences.tolist()
    documents: list[int] = window.documents.tolist()
    for sentence, end in zip(documents[window.fresh : -1], documents[window.fresh + 1 :], strict=True):
        while sentence < end:
            sentence = _add(pairs, bounds, sentence, end, plan)
    spans, _ = pairs.arrays()
    lost = _shorten(window.tokens.borders, spans, plan.config.max_length)
    full = (spans[:, ::2] < spans[:, 1::2]).ravel()
    return Pieces(
        instances=np.repeat(np.arange(len(spans)), 2)[full],
        starts=spans[:, ::2].ravel()[full],
        stops=spans[:, 1::2].ravel()[full],
        n_instances=len(spans),
        kept=window.tail(window.n_sentences),
        segments=np.tile(np.array([0, 1], np.uint8), len(spans))[full],
        dropped={"tokens.truncated": lost},
    )


def _add(pairs: PairList, bounds: list[int], sentence: int, end: int, plan: Plan) -> int:
    """Add the instance that begins with ``sentence``; return the sentence after it."""
    alone, coin, short, size = pairs.draws()
    longest = plan.config.max_length
    target = longest
    if short < plan.config.short_seq_prob * 2**64:
        target = SHORTEST + ((size >> 32) * (longest - SHORTEST + 1) >> 32)
    start = bounds[sentence]
    after = min(bisect_left(bounds, start + target, sentence + 1, end), end)
    middle = after
    if alone >= ALONE * 2**64:
        half = start + (target - 3) // 2
        middle = max(bisect_left(bounds, half, sentence + 1, after + 1) - 1, sentence + 1)
        middle += middle < after and bounds[middle] < half and bool(coin >> 63)
    pairs.add(start, bounds[middle], bounds[middle], bounds[after], 0)
    return after


def _shorten(borders: Ints, spans: Ints, longest: int) -> int:
    """Cut the ends of both segments of ``spans`` (``int64[n, 4]``, in place) to what fits; return how many tokens that
    costs."""
    before = int((spans[:, 1::2] - spans[:, ::2]).sum())
    latest = spans[:, 0] + longest - 2
    ends = _ends(borders, spans[:, 1], latest)
    spans[:, 1] = np.where(ends > spans[:, 0], ends, latest)  # one word may be longer than an instance
    room = np.maximum(longest - 3 - (spans[:, 1] - spans[:, 0]), 0)
    spans[:, 3] = _ends(borders, spans[:, 3], spans[:, 2] + room)
    return before - int((spans[:, 1::2] - spans[:, ::2]).sum())


def _ends(borders: Ints, stops: Ints, latest: Ints) -> Ints:
    """Return ``stops`` (``int64[n]``), those after ``latest`` drawn in to a word border."""
    return np.where(stops <= latest, stops, borders[np.searchsorted(borders, latest, side="right") - 1])
