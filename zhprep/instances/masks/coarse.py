"""Masks of two granularities (AMBERT, arXiv:2008.11869 §3.2): where a coarse token is masked, so are its fine tokens.

Masks are drawn over the words of the fine tokens, and with a coarse vocabulary words are its tokens: a strategy that
chooses whole words chooses coarse tokens. From what was chosen follows which coarse tokens are masked. With ``--per
word`` both granularities do the same with a masked token; with ``--per token`` each draws for itself, and one may keep
what the other masks: only models whose granularities do not see each other can use that.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from zhprep.core import rng
from zhprep.core.ragged import Array, Ints, ranges, sizes_of
from zhprep.core.registry import lookup
from zhprep.instances.config import InstancesConfig
from zhprep.instances.masks.drawing import Chosen, Masked, TokenFacts, replaced
from zhprep.instances.masks.replacements import REPLACEMENTS


@dataclasses.dataclass(frozen=True)
class CoarseFlat:
    """The coarse tokens of clean instances, end to end: ``input_ids`` ``[C]`` and ``offsets`` ``int64[B + 1]``.

    ``of`` ``[T]`` says for each fine token which coarse token of its instance it is in, -1 for special ones. A coarse
    token that no fine token is said to be in belongs together with the one before it.
    """

    input_ids: Array
    of: Array
    offsets: Ints

    def cut(self, begin: int, end: int, tokens: slice) -> CoarseFlat:
        """Return those of the instances ``begin`` to ``end - 1``, whose fine tokens are ``tokens``."""
        offsets = self.offsets[begin : end + 1]
        return CoarseFlat(self.input_ids[offsets[0] : offsets[-1]], self.of[tokens], offsets - offsets[0])


def mask_coarse(
    coarse: CoarseFlat, offsets: Ints, fine: Masked, keys: rng.Bits, config: InstancesConfig, facts: TokenFacts
) -> Masked:
    """Return the coarse tokens masked where ``fine`` tokens are, whose instances begin at ``offsets`` (``int64[B +
    1]``); ``keys`` are those of the instances, ``facts`` of the coarse vocabulary."""
    rows = np.repeat(np.arange(len(keys)), np.diff(fine.offsets))
    places = coarse.of[fine.positions] + coarse.offsets[rows]
    first = np.flatnonzero(np.diff(places, prepend=-1))
    sizes = _sizes(coarse, offsets, facts)[places[first]]
    positions = ranges(places[first], sizes)
    chosen_offsets = positions.searchsorted(coarse.offsets)
    counts = sizes_of(chosen_offsets)
    at = positions - coarse.offsets[:-1].repeat(counts)
    chosen = Chosen(
        ids=coarse.input_ids[positions],
        keys=keys.repeat(counts),
        places=at,
        words=at,
        spans=at,
        positions=positions,
        all_words=coarse.input_ids,
    )
    if config.per == "token":
        result = lookup(REPLACEMENTS, config.replacing, "replacement")(chosen, config, facts)
    else:
        result = replaced(chosen, fine.kinds[first].repeat(sizes), facts)
    input_ids = coarse.input_ids.copy()
    input_ids[positions] = result.ids
    return Masked(input_ids, positions, chosen_offsets, result.labels, result.kinds)


def _sizes(coarse: CoarseFlat, fine_offsets: Ints, facts: TokenFacts) -> Ints:
    """Return for each coarse token how many it is with those behind it that belong to it, ``int64[C]``."""
    begins = np.ones(len(coarse.input_ids), np.bool_)
    if facts.never_text is not None:
        begins = facts.never_text.take(coarse.input_ids, mode="clip")
    text = coarse.of >= 0
    begins[(coarse.offsets[:-1].repeat(sizes_of(fine_offsets)) + coarse.of)[text]] = True
    first = np.flatnonzero(begins)
    sizes = np.zeros(len(begins), np.int64)
    sizes[first] = np.diff(first, append=len(begins))
    return sizes
