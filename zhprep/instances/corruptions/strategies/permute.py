"""``permute``: the sentences change places (BART, arXiv 1910.13461 §2.2).

All of them, or a random share (``permute_ratio``). A sentence ends after a full stop and what closes with it; the
special tokens stay where they are, so that sentences stay within their document.
"""

from __future__ import annotations

import numpy as np

from zhprep.core import rng
from zhprep.core.errors import UsageError
from zhprep.core.ragged import Array, Bools, Ints, ranges
from zhprep.instances.corruptions.corrupted import Conditions, Corrupted
from zhprep.instances.corruptions.token_ids import CLOSER, STOP


def permute(text: Corrupted, conditions: Conditions) -> Corrupted:
    """Put the sentences of every instance in random order."""
    if conditions.facts.marks is None:
        raise UsageError("permute needs to know which tokens end a sentence", hint="take the facts from facts_of")
    special = text.word_ids < 0
    parts = special.copy()
    parts[1:] |= special[:-1]
    parts[text.offsets[:-1][text.words.lengths > 0]] = True
    starts = np.flatnonzero(parts | _after_ends(conditions.facts.marks[text.input_ids], parts))
    rows = np.searchsorted(text.offsets, starts, side="right") - 1
    draws = rng.bits(conditions.keys("permute", text)[rows], starts - text.offsets[rows])
    order = _order(np.cumsum(parts)[starts] - 1, draws, conditions.config.permute_ratio)
    return text.reordered(ranges(starts[order], np.diff(starts, append=len(special))[order]))


def _after_ends(marks: Array, parts: Bools) -> Bools:
    """Return True for the tokens before which a sentence ends, within a part: ``bool[T]``, of ``marks``
    ``uint8[T]``."""
    clings = (marks == CLOSER) & ~parts
    ended = marks[np.maximum.accumulate(np.where(clings, 0, np.arange(len(marks))))] >= STOP
    after = np.zeros(len(marks), np.bool_)
    after[1:] = ended[:-1] & ((marks[1:] > STOP) | ~ended[1:])
    return after


def _order(parts: Ints, draws: rng.Bits, ratio: float) -> Ints:
    """Return the order of sentences, ``int64[S]``: of each part (``parts`` ``int64[S]``) the ``ratio`` with the
    smallest draws (``uint64[S]``) among their places."""
    counts = np.bincount(parts)
    order = np.lexsort((draws, parts))
    ranks = np.arange(len(parts)) - np.repeat(np.cumsum(counts) - counts, counts)
    moving = order[ranks < np.repeat(np.ceil(counts * ratio), counts)]
    result = np.arange(len(parts))
    result[np.sort(moving)] = moving
    return result
