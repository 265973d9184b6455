"""Mask a batch: choose, then replace. The one place where both static and dynamic masks are made.

In: clean instances as flat arrays (of one granularity or of two), the settings, what is known of the vocabulary, and an
epoch (dynamic) or the number of a duplicate (static), which is the same thing. Out: the masked ids, and what was
chosen, what stood there and what was done. Every draw is addressed by seed, epoch, instance and token or
word, so a batch may be cut and ordered in any way.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import cached_property

import numpy as np

from zhprep.core import rng
from zhprep.core.ragged import Array, Ints, offsets_of, sizes_of
from zhprep.core.registry import lookup
from zhprep.instances.config import InstancesConfig
from zhprep.instances.masks.coarse import CoarseFlat, mask_coarse
from zhprep.instances.masks.drawing import KEEP, MASK, Chosen, Masked, TokenFacts
from zhprep.instances.masks.replacements import REPLACEMENTS
from zhprep.instances.masks.strategies import STRATEGIES
from zhprep.instances.masks.words import Words

BLOCK = 131_072
"""Tokens that are masked at a time, about; up to twice as many are not cut, nor have to be put together again."""

MOST = 65_536
"""Instances that are masked at a time: the number of one is given 16 bits of what is sorted."""


@dataclasses.dataclass(frozen=True)
class Flat:
    """Clean instances assembled end to end, without padding.

    ``input_ids`` and ``word_ids`` are ``[T]`` (any integers; -1 marks special tokens in ``word_ids``), ``offsets``
    is ``int64[B + 1]``, ``instance_ids`` is ``int64[B]``. ``coarse`` are the coarse tokens, where there are any: words
    are then made of them.
    """

    input_ids: Array
    word_ids: Array
    offsets: Ints
    instance_ids: Ints
    coarse: CoarseFlat | None = None

    @cached_property
    def words(self) -> Words:
        """The words of the batch, worked out once for all its epochs."""
        return Words(self.word_ids, self.offsets)

    @cached_property
    def blocks(self) -> list[Flat]:
        """The batch in pieces of whole instances and about ``BLOCK`` tokens."""
        whole = len(self.input_ids) <= 2 * BLOCK and len(self.instance_ids) <= MOST
        return [self] if whole else list(self._cut())

    def _cut(self) -> Iterator[Flat]:
        ends = np.searchsorted(self.offsets, np.arange(BLOCK, len(self.input_ids), BLOCK))
        edges = np.unique(np.concatenate([[0], ends, [len(self.instance_ids)]]))
        for begin, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            tokens = slice(self.offsets[begin], self.offsets[end])
            offsets = self.offsets[begin : end + 1] - self.offsets[begin]
            coarse = None if self.coarse is None else self.coarse.cut(begin, end, tokens)
            yield Flat(self.input_ids[tokens], self.word_ids[tokens], offsets, self.instance_ids[begin:end], coarse)


def mask_batch(batch: Flat, config: InstancesConfig, facts: TokenFacts, epoch: int = 0) -> Masked:
    """Choose and replace tokens of every instance of ``batch``; the batch itself is not changed.

    Coarse tokens are masked where their fine tokens are. Raises ``DataError`` where the text of the batch has special
    tokens.
    """
    facts.check_text(batch.input_ids, batch.word_ids)
    parts = [_mask_block(block, config, facts, epoch) for block in batch.blocks]
    if len(parts) == 1:
        return parts[0]
    coarse = [part.coarse for part in parts if part.coarse is not None]
    return dataclasses.replace(_joined(parts), coarse=_joined(coarse) if coarse else None)


def _joined(parts: list[Masked]) -> Masked:
    """Return the masks of blocks as those of the whole batch."""
    bases = offsets_of(np.array([len(part.input_ids) for part in parts]))
    return Masked(
        np.concatenate([part.input_ids for part in parts]),
        np.concatenate([part.positions + base for part, base in zip(parts, bases[:-1], strict=True)]),
        offsets_of(np.concatenate([np.diff(part.offsets) for part in parts])),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.kinds for part in parts]),
    )


def _mask_block(batch: Flat, config: InstancesConfig, facts: TokenFacts, epoch: int) -> Masked:
    strategy = lookup(STRATEGIES, config.mask, "mask strategy")
    replacement = lookup(REPLACEMENTS, config.replacing, "replacement")
    choice = strategy(batch.words, rng.keys(config.seed, "mask", epoch, batch.instance_ids), config)
    positions = choice.positions
    offsets = positions.searchsorted(batch.offsets)
    counts = sizes_of(offsets)
    chosen = Chosen(
        ids=batch.input_ids[positions],
        keys=rng.keys(config.seed, "replace", epoch, batch.instance_ids).repeat(counts),
        places=positions - batch.offsets[:-1].repeat(counts),
        words=batch.word_ids[positions].astype(np.int64),
        spans=choice.spans,
        positions=positions,
        all_words=batch.word_ids,
    )
    result = replacement(chosen, config, facts)
    input_ids = batch.input_ids.copy()
    input_ids[positions] = result.ids
    fine = Masked(input_ids, positions, offsets, result.labels, result.kinds)
    if batch.coarse is None or facts.coarse is None:
        return fine
    keys = rng.keys(config.seed, "replace coarse", epoch, batch.instance_ids)
    return dataclasses.replace(fine, coarse=mask_coarse(batch.coarse, batch.offsets, fine, keys, config, facts.coarse))


def mask_pinyin_ids(
    pinyin_ids: Array, batch: Flat, masked: Masked, config: InstancesConfig, facts: TokenFacts, epoch: int
) -> Array:
    """Return ``pinyin_ids`` ``[T]`` with 0 at mask tokens, the old one where the token was kept, and at a token
    put in another's place one of its own readings (each with the same chance, 0 if it has none): never what the token
    that is to be guessed sounds like (ChineseBERT's dynamic masking)."""
    result = pinyin_ids.copy()
    result[masked.positions[masked.kinds == MASK]] = 0
    put = np.flatnonzero((masked.kinds != MASK) & (masked.kinds != KEEP))
    positions = masked.positions[put]
    instances = np.searchsorted(masked.offsets, put, side="right") - 1
    keys = rng.keys(config.seed, "sound", epoch, batch.instance_ids)[instances]
    random = rng.bits(keys, positions - batch.offsets[instances])
    token_ids = masked.input_ids[positions].astype(np.int64)
    result[positions] = 0 if facts.readings is None else facts.readings.draw(token_ids, random)
    return result
