"""The walk through documents (:mod:`zhprep.instances.layout.walk`) as one loop, to be compiled (``core.compiled``).

In: the sentences and documents of a window, how far a pair reaches in each, the key of the draws. Out: the pairs and
labels that :class:`Walk` finds, and what it counts. Integers are int64, draws uint64, for the compiler.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np

from zhprep.core.compiled import Signature
from zhprep.core.rng import one_draw

SIGNATURE = Signature(
    *("int64*", "int64*", "uint8*"),  # where sentences and documents begin and the last ends, which tokens open words
    *("int64*", "int64", "int64"),  # targets, the first document walked, how many documents there are
    *("bool", "bool", "bool"),  # does the label say what follows, does it say the order, is a segment one sentence
    *("uint64", "uint64"),  # the key of the draws, the id of the first pair
    *("int64*", "uint8*", "int64*"),  # what is written: pairs, labels, counts
)
"""Types of the arguments of :func:`walk`."""

N_PAIRS, ALONE, UNCUT, INSIDE, UNPAIRED = range(5)
"""Where each count is written."""

Int: TypeAlias = Any
Bits: TypeAlias = Any
Bool: TypeAlias = Any

_32, _63 = np.uint64(32), np.uint64(63)


class _Text(NamedTuple):
    """A window: ``bounds`` int64[S + 1], ``documents`` int64[D + 1], ``opens`` bool[T]."""

    bounds: Any
    documents: Any
    opens: Any
    others: Any
    single: Any


def walk(
    bounds: Any, documents: Any, opens: Any, targets: Any, fresh: Int, n_documents: Int,
    follows: Bool, ordered: Bool, single: Bool, key: Bits, first_id: Bits, rows: Any, labels: Any, counts: Any,
) -> None:  # fmt: skip
    """Write pairs into ``rows`` (int64[n, 4]), their labels and the counts."""
    text = _Text(bounds, documents, opens, n_documents - 1, single)
    for document in range(fresh, n_documents):
        target, sentence, end = targets[document - fresh], documents[document], documents[document + 1]
        start = bounds[sentence]
        while sentence < end:
            after = sentence + 2 if single else _first(bounds, start + target, sentence + 1, end)
            after = min(after, end)
            stop = bounds[after]
            drawn = one_draw(key, first_id + np.uint64(counts[N_PAIRS]))
            heads = one_draw(drawn, np.uint64(1)) >> _63 != 0
            elsewhere = follows and heads and text.others > 0
            middle, cut = _cut(text, start, sentence, after, one_draw(drawn, np.uint64(0)), elsewhere)
            counts[INSIDE] += cut < stop and after == sentence + 1
            if cut == stop and (not follows or text.others == 0):
                counts[UNPAIRED] += stop - start
            elif elsewhere or cut == stop:
                first, last = _elsewhere(text, document, target - (cut - start), drawn)
                _add(rows, labels, counts, start, cut, first, last, 1)
                counts[UNCUT] += cut == stop and after == sentence + 1 and _borders(text, start, stop) == 0
                start, sentence = cut, middle
                continue
            elif ordered and heads:
                _add(rows, labels, counts, cut, stop, start, cut, 1)
            else:
                counts[ALONE] += follows and text.others == 0
                _add(rows, labels, counts, start, cut, cut, stop, 0)
            start, sentence = stop, after


def _add(rows: Any, labels: Any, counts: Any, a: Int, a_stop: Int, b: Int, b_stop: Int, label: Int) -> None:
    at = 4 * counts[N_PAIRS]
    rows[at], rows[at + 1], rows[at + 2], rows[at + 3] = a, a_stop, b, b_stop
    labels[counts[N_PAIRS]] = label
    counts[N_PAIRS] += 1


def _cut(text: _Text, start: Int, sentence: Int, after: Int, draw: Bits, elsewhere: Bool) -> Any:
    """Return the sentence in which the first segment ends, and where; the end if it cannot be cut."""
    inner = after - sentence - 1
    if inner:
        middle = sentence + 1 + _below(draw, inner)
        return middle, text.bounds[middle]
    stop = text.bounds[after]
    n_borders = _borders(text, start, stop)
    border = _below(draw, n_borders)
    if border >= n_borders - np.int64(elsewhere):
        return after, stop
    place = start
    while border >= 0:
        place += 1
        border -= np.int64(text.opens[place])
    return sentence, place


def _borders(text: _Text, start: Int, stop: Int) -> Int:
    """Return how many tokens between two places begin a word."""
    n_borders = np.int64(0)
    for place in range(start + 1, stop):
        n_borders += np.int64(text.opens[place])
    return n_borders


def _elsewhere(text: _Text, document: Int, target: Int, drawn: Bits) -> Any:
    """Return tokens of another document: whole sentences from a random one on, up to ``target``."""
    other = _below(one_draw(drawn, np.uint64(2)), text.others)
    other += other >= document
    first, end = text.documents[other], text.documents[other + 1]
    first += _below(one_draw(drawn, np.uint64(3)), end - first)
    start = text.bounds[first]
    after = first + 1 if text.single else min(_first(text.bounds, start + target, first + 1, end), end)
    return start, text.bounds[after]


def _first(bounds: Any, value: Int, low: Int, high: Int) -> Int:
    """Return the first of ``bounds`` from ``low`` to ``high`` that is not below ``value``."""
    while low < high:
        middle = (low + high) // 2
        if bounds[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


def _below(draw: Bits, n: Int) -> Int:
    return np.int64(((draw >> _32) * np.uint64(n)) >> _32)
