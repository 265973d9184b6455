"""fairseq's denoising of one text at a time, written again in numpy from its description, with one stream of randomness.

It is the reference for distributions and the peer for speed. A text is ``ids`` with a special token at either end and
``opens``, True where a word begins (never on those two).
"""

from __future__ import annotations

import math

import numpy as np


def infill(ids, opens, rate, mean, mask, random):
    """Spans of words become one mask each; spans of no words put masks in between."""
    places = np.flatnonzero(opens)
    lengths = span_lengths(math.ceil(len(places) * rate), mean, random)
    n_empty = int((lengths == 0).sum())
    left = lengths[lengths > 0] - 1
    at = random.permutation(places)[: len(left)]
    source, keep = ids.copy(), np.ones(len(ids), bool)
    source[at] = mask
    while len(at):  # a span goes on over the rest of its words, up to the last token
        at = at + 1
        left = left - opens[at]
        on = (left >= 0) & (at < len(ids) - 1)
        at, left = at[on], left[on]
        keep[at] = False
    return with_insertions(source[keep], n_empty, mask, random)


def span_lengths(budget, mean, random):
    lengths = np.zeros(0, int)
    while lengths.sum() < budget:
        lengths = np.append(lengths, random.poisson(mean, max(budget, 1)))
    ends = np.cumsum(lengths)
    last = int(np.argmax(ends >= budget)) if budget else -1
    lengths = lengths[: last + 1]
    if budget:
        lengths[-1] -= ends[last] - budget
    return lengths


def with_insertions(source, n, mask, random):
    total = len(source) + n
    places = random.permutation(total - 2)[:n] + 1
    old = np.ones(total, bool)
    old[places] = False
    result = np.full(total, mask, source.dtype)
    result[old] = source
    return result


def permute(ids, is_stop, random):
    """The sentences, each up to its full stop or the end, in random order."""
    inner = ids[1:-1]
    ends = np.flatnonzero(is_stop[inner]) + 1
    sentences = [part for part in np.split(inner, ends) if len(part)]
    order = random.permutation(len(sentences))
    return np.concatenate([ids[:1], *(sentences[number] for number in order), ids[-1:]])


def rotate(ids, random):
    turn = int(random.integers(1, len(ids)))
    return np.concatenate([ids[:1], ids[turn:-1], ids[1:turn], ids[-1:]])
