"""The best tags of many fragments at once, with pkuseg's choice between equal ones.

pkuseg goes from the last character to the first; of tags that are equally good after a character it takes
the last, of tags equally good at the first character the first.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

_TOGETHER = 4096  # fragments decoded together: their arrays stay in the cache
_LONG = 2000  # from here on a fragment is decoded on its own


def decode(scores: Floats, transitions: Floats, starts: Places, lengths: Places) -> npt.NDArray[np.uint8]:
    """Return the best tag at every character (uint8[N]; what lies outside the fragments is 0).

    ``scores`` are float64[N, tags], ``transitions`` float64[tag, tag after]; the fragments are
    ``starts``, ``lengths`` (int64[F], at least 1) and do not overlap.
    """
    tags = np.zeros(len(scores), np.uint8)
    order = np.argsort(-lengths, kind="stable")
    n_long = int((lengths > _LONG).sum())
    for start, length in zip(starts[order[:n_long]].tolist(), lengths[order[:n_long]].tolist(), strict=True):
        tags[start : start + length] = _one(scores[start : start + length], transitions)
    for i in range(n_long, len(order), _TOGETHER):
        some = order[i : i + _TOGETHER]
        _many(scores, transitions, starts[some], lengths[some], tags)
    return tags


def _many(scores: Floats, transitions: Floats, starts: Places, lengths: Places, tags: npt.NDArray[np.uint8]) -> None:
    """Decode fragments of ``lengths`` (``int64[F]``, falling, so that those still going are always a prefix) from
    ``starts`` on; ``scores`` are ``[N, T]``, ``transitions`` ``[T, T]``; write ``tags`` (``uint8[N]``)."""
    n_tags, n_steps = len(transitions), int(lengths[0])
    active = len(lengths) - np.searchsorted(lengths[::-1], np.arange(n_steps), side="right")
    lasts = starts + lengths - 1
    best = scores[lasts].T
    tag = np.empty(len(lengths), np.int64)
    chosen = []
    for step in range(1, n_steps + 1):
        n = int(active[step]) if step < n_steps else 0
        tag[n : best.shape[1]] = best[:, n:].argmax(axis=0)  # these begin here
        if n:
            best, choice = _step(best[:, :n], scores[lasts[:n] - step].T, transitions)
            chosen.append(choice.ravel())
    # A fragment of k characters has its first choice in chosen[k - 2]; all of them lie in one array.
    flat = np.concatenate(chosen) if chosen else np.zeros(0, np.uint8)
    begins = np.concatenate(([0, 0], np.cumsum(active[1:] * n_tags)))[:n_steps]
    columns = np.arange(len(lengths))
    for step in range(n_steps):
        n = int(active[step])
        tags[starts[:n] + step] = tag[:n]
        n = int(active[step + 1]) if step + 1 < n_steps else 0
        left = lengths[:n] - 1 - step
        tag[:n] = flat[begins[left] + tag[:n] * active[left] + columns[:n]]


def _step(best: Floats, here: Floats, transitions: Floats) -> tuple[Floats, npt.NDArray[np.uint8]]:
    """Return the best scores (``[T, F]``) with one more character before, and which tag after it each is owed to
    (``uint8[T, F]``)."""
    values = best[0] + here + transitions[:, :1]
    choice = np.zeros(values.shape, np.uint8)
    for after in range(1, len(transitions)):
        other = best[after] + here + transitions[:, after : after + 1]
        np.putmask(choice, other >= values, after)
        np.maximum(values, other, out=values)
    return values, choice


def _one(scores: Floats, transitions: Floats) -> list[int]:
    """Decode one long fragment of ``scores`` ``[N, T]`` and ``transitions`` ``[T, T]`` into a tag a character."""
    arcs = transitions.tolist()
    rows = scores.tolist()
    best = rows[-1]
    chosen = []
    for here in reversed(rows[:-1]):
        values, choice = [], []
        for score, arc in zip(here, arcs, strict=True):
            sums = [after + score + step for after, step in zip(best, arc, strict=True)]
            value = max(sums)
            values.append(value)
            choice.append(len(sums) - 1 - sums[::-1].index(value))
        best = values
        chosen.append(choice)
    tag = best.index(max(best))
    tags = [tag]
    for choice in reversed(chosen):
        tag = choice[tag]
        tags.append(tag)
    return tags
