"""``segment-pair``: two segments and whether the second follows the first (BERT, arXiv 1810.04805 §A.2).

A document is walked in chunks of about the target length (the full length, or for a share of
documents a random shorter one). A chunk is cut in two at a random sentence; half of the time the second
part is replaced by text of another document, and the walk goes on after the first part.

It differs from google-research/bert where that gives wrong data:

- a chunk of one sentence is cut inside, at a random word border, and its label is drawn like every
  other; Google forces it to "random next", so that labels are not balanced. Only a chunk of a single
  word, which cannot be cut, is always "random next";
- the other document is never the same document; with no other in reach the label stays "next", counted;
- what is truncated goes to word borders, so that no segment begins or ends within a word.
"""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from zhprep.core import rng
from zhprep.instances.pairs import PairList, shorten
from zhprep.instances.ragged import Ints
from zhprep.instances.window import Pieces, Plan, Window


def segment_pair(window: Window, plan: Plan) -> Pieces:
    """Return pairs with ``next_sentence_label`` 0 (next) or 1 (random); every document is used up."""
    room = plan.config.max_length - 3
    pairs = PairList(plan.config.seed, "pair", plan.first_id)
    walk = _Walk(window, pairs)
    targets = document_targets(window, plan, room)
    for document, target in enumerate(targets.tolist(), start=window.fresh):
        walk.document(document, target)
    spans, labels = pairs.arrays()
    spans, lost = shorten(window, spans, room, pairs.keys(len(spans)))
    foreign = labels == 1
    return Pieces(
        instances=np.repeat(np.arange(len(spans)), 2),
        starts=spans[:, ::2].ravel(),
        stops=spans[:, 1::2].ravel(),
        n_instances=len(spans),
        used=len(window.document_of),
        segments=np.tile(np.array([0, 1], np.uint8), len(spans)),
        remembered=True,
        labels={"next_sentence_label": labels},
        counts={"pairs_without_other_document": walk.alone},
        dropped={"tokens.truncated": int(lost[:, 0].sum() + lost[~foreign, 1].sum()), "tokens.unpaired": walk.unpaired},
        inserted={"tokens.random_next": int((spans[foreign, 3] - spans[foreign, 2]).sum())},
    )


def document_targets(window: Window, plan: Plan, room: int) -> Ints:
    """Return the target length of every fresh document."""
    numbers = window.numbers[window.fresh :]
    keys = rng.keys(plan.config.seed, "short", plan.block, numbers)
    short = rng.chance(rng.bits(keys, 0), plan.config.short_seq_prob)
    return np.where(short, 2 + rng.below(rng.bits(keys, 1), room - 1), room)


class _Walk:
    """The walk through the documents of a window: one step per instance, on running totals only."""

    def __init__(self, window: Window, pairs: PairList) -> None:
        self.window = window
        self.bounds: list[int] = window.sentences.tolist()
        self.documents: list[int] = window.documents.tolist()
        self.pairs = pairs
        self.alone = 0
        self.unpaired = 0

    def document(self, document: int, target: int) -> None:
        """Add the pairs of one document."""
        bounds, pairs = self.bounds, self.pairs
        sentence, end = self.documents[document], self.documents[document + 1]
        start, others = bounds[sentence], len(self.documents) - 2
        while sentence < end:
            after = min(bisect_left(bounds, start + target, sentence + 1, end), end)
            stop = bounds[after]
            cut_draw, coin, other_draw, place_draw = pairs.draws()
            random = bool(others and coin >> 63)
            cut, middle = self._cut(start, sentence, stop, after, cut_draw, random)
            if cut < stop and not random:
                self.alone += not others
                pairs.add(start, cut, cut, stop, 0)
                start, sentence = stop, after
                continue
            if others:
                pairs.add(start, cut, *self._elsewhere(document, target - (cut - start), other_draw, place_draw), 1)
            else:
                self.unpaired += cut - start
            start, sentence = cut, middle

    def _cut(self, start: int, sentence: int, stop: int, after: int, draw: int, random: bool) -> tuple[int, int]:
        """Return where the first segment ends and the sentence this is in; ``stop`` if it cannot be cut.

        What is left when a ``random`` segment follows makes the next pairs, so a single word is not left.
        """
        inner = after - sentence - 1
        if inner:
            middle = sentence + 1 + _below(draw, inner)
            return self.bounds[middle], middle
        borders = self.window.borders
        first, last = np.searchsorted(borders, (start + 1, stop)).tolist()
        border = first + _below(draw, last - first)
        if border >= last - random:
            return stop, after
        return int(borders[border]), sentence

    def _elsewhere(self, document: int, target: int, other_draw: int, place_draw: int) -> tuple[int, int]:
        """Return tokens of another document: whole sentences from a random one on, up to ``target``."""
        other = _below(other_draw, len(self.documents) - 2)
        other += other >= document
        first, end = self.documents[other], self.documents[other + 1]
        first += _below(place_draw, end - first)
        start = self.bounds[first]
        after = min(bisect_left(self.bounds, start + target, first + 1, end), end)
        return start, self.bounds[after]


def _below(draw: int, n: int) -> int:
    return ((draw >> 32) * n) >> 32
