"""Walk through documents and make pairs of segments, one step per pair, on running totals only.

In: a window and how far a pair reaches. Out: pairs with a label, as the setting ``pairs`` says: ``next`` (does
the second segment follow the first, or is it from another document), ``order`` (are the two in order or
swapped) or ``none``.

- A chunk of sentences is cut in two at a random sentence; a chunk of one sentence inside, at a random
  word border, so that its label is drawn like every other. Google forces the label of such a chunk to
  "random next", so that labels are not balanced; ALBERT gives it a segment of another document even where order is
  asked.
- When the second segment is of another document, what was cut off goes back and makes the next pairs.
- The other document is never the same one; with no other in reach the label stays "next", counted.
- A chunk of a single word has nothing that could be next: its label is "random next", counted.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_left

import numpy as np
import numpy.typing as npt

from zhprep.core import rng
from zhprep.core.compiled import Kernel, Loop, address
from zhprep.core.ragged import Ints
from zhprep.instances.layout import walk_loop
from zhprep.instances.layout.pairs import PairList, shorten
from zhprep.instances.layout.window import Pieces, Plan, Window

LABELS = {"next": "next_sentence_label", "order": "sentence_order_label"}
"""The column that each kind of pair has."""


_WALK = Kernel(walk_loop.walk, walk_loop.SIGNATURE)


@dataclasses.dataclass(frozen=True)
class Walked:
    """The pairs of a window: ranges of tokens ``spans`` ``int64[n, 4]`` with their ``labels`` ``uint8[n]``; how many
    had no other document, had no next text, were cut within a sentence; and how many tokens are in no pair."""

    spans: Ints
    labels: npt.NDArray[np.uint8]
    alone: int
    uncut: int
    inside: int
    unpaired: int


def walked(window: Window, plan: Plan, targets: Ints, *, single: bool = False) -> Pieces:
    """Return the pairs of every fresh document, in chunks of about ``targets`` tokens (``int64[documents]``); where a
    segment is a ``single`` sentence, these do not matter."""
    loop = _WALK.get(len(window.tokens))
    found = by_steps(window, plan, targets, single) if loop is None else by_loop(loop, window, plan, targets, single)
    return _pieces(window, plan, found)


def by_steps(window: Window, plan: Plan, targets: Ints, single: bool) -> Walked:
    """Find the pairs of fresh documents one by one."""
    walk = Walk(window, plan, single=single)
    for document, target in enumerate(targets.tolist(), start=window.fresh):
        walk.document(document, target)
    return walk.found()


def by_loop(loop: Loop, window: Window, plan: Plan, targets: Ints, single: bool) -> Walked:
    """Find them by the compiled loop."""
    n_tokens = int(window.sentences[-1])
    rows, labels, counts = np.empty((n_tokens, 4), np.int64), np.empty(n_tokens, np.uint8), np.zeros(5, np.int64)
    opens, kind = np.ascontiguousarray(window.tokens.opens), plan.config.pairs
    bounds, documents = (np.ascontiguousarray(one, np.int64) for one in (window.sentences, window.documents))
    loop(
        address(bounds, np.int64), address(documents, np.int64), address(opens, np.bool_),
        address(targets, np.int64), window.fresh, len(window.numbers), kind == "next", kind == "order", single,
        int(rng.keys(plan.config.seed, "pair")[0]), plan.first_id,
        address(rows, np.int64), address(labels, np.uint8), address(counts, np.int64),
    )  # fmt: skip
    n_pairs, alone, uncut, inside, unpaired = counts.tolist()
    return Walked(rows[:n_pairs].copy(), labels[:n_pairs].copy(), alone, uncut, inside, unpaired)


class Walk:
    """The pairs of a window: :meth:`document` for each document, then :meth:`found`."""

    def __init__(self, window: Window, plan: Plan, *, single: bool = False) -> None:
        """``single``: a segment is one sentence, and the target does not matter."""
        self._single = single
        self._kind = plan.config.pairs
        self._opening = np.flatnonzero(window.tokens.opens)
        self._bounds: list[int] = window.sentences.tolist()
        self._n_before: list[int] = self._opening.searchsorted(window.sentences).tolist()
        self._n_upto: list[int] = self._opening.searchsorted(window.sentences, "right").tolist()
        self._documents: list[int] = window.documents.tolist()
        self._others = len(window.numbers) - 1
        self._pairs = PairList(plan.config.seed, "pair", plan.first_id)
        self._alone = self._uncut = self._inside = self._unpaired = 0

    def document(self, document: int, target: int = 0) -> None:
        """Add the pairs of one document, chunks of about ``target`` tokens."""
        bounds = self._bounds
        sentence, end = self._documents[document], self._documents[document + 1]
        start = bounds[sentence]
        while sentence < end:
            after = sentence + 2 if self._single else bisect_left(bounds, start + target, sentence + 1, end)
            start, sentence = self._pair(document, target, start, sentence, min(after, end))

    def _pair(self, document: int, target: int, start: int, sentence: int, after: int) -> tuple[int, int]:
        """Add the pair of one chunk; return where the next one starts, and in which sentence that is."""
        stop = self._bounds[after]
        cut_draw, coin, other_draw, place_draw = self._pairs.draws()
        heads = bool(coin >> 63)
        elsewhere = self._kind == "next" and heads and self._others > 0
        cut, middle = self._cut(start, sentence, after, cut_draw, elsewhere)
        if cut == stop and (self._kind != "next" or not self._others):
            self._unpaired += stop - start
        elif elsewhere or cut == stop:
            first, last = self._elsewhere(document, target - (cut - start), other_draw, place_draw)
            self._pairs.add(start, cut, first, last, 1)
            self._uncut += cut == stop and after == sentence + 1 and not self._borders(start, after)[1]
            return cut, middle
        elif self._kind == "order" and heads:
            self._pairs.add(cut, stop, start, cut, 1)
        else:
            self._alone += self._kind == "next" and not self._others
            self._pairs.add(start, cut, cut, stop, 0)
        return stop, after

    def _cut(self, start: int, sentence: int, after: int, draw: int, elsewhere: bool) -> tuple[int, int]:
        """Return where the first segment ends and the sentence this is in; the end if it cannot be cut.

        What is left when the second segment is from ``elsewhere`` makes the next pairs, so a single word is not left.
        """
        inner = after - sentence - 1
        if inner:
            middle = sentence + 1 + _below(draw, inner)
            return self._bounds[middle], middle
        stop = self._bounds[after]
        first, n_borders = self._borders(start, after)
        border = _below(draw, n_borders)
        if border >= n_borders - elsewhere:
            return stop, after
        self._inside += 1
        return int(self._opening[first + border]), sentence

    def _borders(self, start: int, after: int) -> tuple[int, int]:
        """Return which of the tokens that open words is the first behind ``start``, in the last sentence before
        ``after``, and how many there are in that."""
        first = self._n_upto[after - 1]
        if start != self._bounds[after - 1]:  # in the sentence, where one before it was cut
            first = int(self._opening.searchsorted(start, "right"))
        return first, max(self._n_before[after] - first, 0)

    def _elsewhere(self, document: int, target: int, other_draw: int, place_draw: int) -> tuple[int, int]:
        """Return tokens of another document: whole sentences from a random one on, up to ``target``."""
        other = _below(other_draw, self._others)
        other += other >= document
        first, end = self._documents[other], self._documents[other + 1]
        first += _below(place_draw, end - first)
        start = self._bounds[first]
        after = first + 1 if self._single else min(bisect_left(self._bounds, start + target, first + 1, end), end)
        return start, self._bounds[after]

    def found(self) -> Walked:
        """Return the pairs that were made."""
        return Walked(*self._pairs.arrays(), self._alone, self._uncut, self._inside, self._unpaired)


def _pieces(window: Window, plan: Plan, found: Walked) -> Pieces:
    """Return the pairs, cut to the longest length."""
    keys = rng.keys(plan.config.seed, "pair", plan.first_id + np.arange(len(found.spans)))
    spans, lost = shorten(window.tokens.borders, found.spans, plan.config.max_length - 3, keys)
    kind, labels = plan.config.pairs, found.labels
    foreign = labels == 1 if kind == "next" else np.zeros(len(labels), np.bool_)
    column = LABELS.get(kind)
    return Pieces(
        instances=np.repeat(np.arange(len(spans)), 2),
        starts=spans[:, ::2].ravel(),
        stops=spans[:, 1::2].ravel(),
        n_instances=len(spans),
        kept=window.tail(window.first),
        remembered=True,
        segments=np.tile(np.array([0, 1], np.uint8), len(spans)),
        labels={column: labels} if column else {},
        counts={
            "pairs_without_other_document": found.alone,
            "pairs_without_next_text": found.uncut,
            "pairs_cut_within_a_sentence": found.inside,
        },
        dropped={
            "tokens.truncated": int(lost[:, 0].sum() + lost[~foreign, 1].sum()),
            "tokens.unpaired": found.unpaired,
        },
        inserted={"tokens.random_next": _total(spans[foreign])},
    )


def _total(spans: Ints) -> int:
    """Return the tokens of the second segments of ``spans`` (``int64[n, 4]``)."""
    return int((spans[:, 3] - spans[:, 2]).sum())


def _below(draw: int, n: int) -> int:
    return ((draw >> 32) * n) >> 32
