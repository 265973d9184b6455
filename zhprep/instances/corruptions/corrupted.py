"""A text that is being corrupted: what the model reads, and what it is to write.

In: clean instances. Out: what each corruption takes and gives, and the few moves that they are made of.
"""

from __future__ import annotations

import dataclasses
from functools import cached_property

import numpy as np

from zhprep.core import rng
from zhprep.core.ragged import Array, Bools, Ints, offsets_of, ranges
from zhprep.instances.config import InstancesConfig
from zhprep.instances.masks import Flat, TokenFacts, Units, Words

INSERTED = 1 << 30
"""Index of the first word that was put in and is none of the text: beyond any word of an instance."""


@dataclasses.dataclass(frozen=True)
class Corrupted:
    """Some instances, each a source and a target.

    The sources lie end to end in ``input_ids`` ``[S]``, with ``offsets`` ``int64[B + 1]``; for each of their tokens
    ``word_ids`` is its word (-1 on special tokens) and ``origins`` the place in the clean instance that it comes from
    or stands for (-1: none). The targets are ``labels`` with ``label_offsets``. ``prefix_lengths`` ``int64[B]``: so
    many tokens of each source are given, and the target is what follows them.
    """

    input_ids: Array
    word_ids: Array
    origins: Ints
    offsets: Ints
    instance_ids: Ints
    labels: Array
    label_offsets: Ints
    prefix_lengths: Ints | None = None

    @classmethod
    def of(cls, clean: Flat) -> Corrupted:
        """Return clean instances, with themselves as their targets."""
        word_ids = clean.word_ids.astype(np.int32)
        origins = np.arange(len(clean.input_ids)) - np.repeat(clean.offsets[:-1], np.diff(clean.offsets))
        return cls(
            clean.input_ids, word_ids, origins, clean.offsets, clean.instance_ids, clean.input_ids, clean.offsets
        )

    @cached_property
    def words(self) -> Words:
        """The words of the sources."""
        return Words(self.word_ids, self.offsets)

    def reordered(self, tokens: Ints) -> Corrupted:
        """Return the sources with their tokens in another order, each still in its instance."""
        return dataclasses.replace(
            self, input_ids=self.input_ids[tokens], word_ids=self.word_ids[tokens], origins=self.origins[tokens]
        )

    def only(self, keep: Bools) -> Corrupted:
        """Return the sources without the other tokens."""
        tokens = np.flatnonzero(keep)
        return dataclasses.replace(self.reordered(tokens), offsets=np.searchsorted(tokens, self.offsets))

    def with_spans(self, units: Units, starts: Ints, ends: Ints, ids: int | Ints) -> Corrupted:
        """Return the sources with one token of ``ids`` in place of each span of units, from ``starts`` up to ``ends``
        (``int64[N]``; in order, none empty, each within a segment)."""
        begins = units.starts[starts]
        sizes = units.starts[ends - 1] + units.sizes[ends - 1] - begins
        keep = np.ones(len(self.input_ids), np.bool_)
        keep[ranges(begins + 1, sizes - 1)] = False
        input_ids = self.input_ids.copy()
        input_ids[begins] = ids
        return dataclasses.replace(self, input_ids=input_ids).only(keep)

    def inserted(self, counts: Ints, gaps: Ints, id_: int) -> Corrupted:
        """Return the sources with ``counts`` ``int64[B]`` tokens ``id_`` put in, each after the token with the number
        that ``gaps`` says, within its instance."""
        if not len(gaps):
            return self
        places = np.sort(np.repeat(self.offsets[:-1], counts) + gaps + 1) + np.arange(len(gaps))
        old = np.ones(len(self.input_ids) + len(gaps), np.bool_)
        old[places] = False
        fresh = INSERTED + np.arange(len(gaps)) - np.repeat(np.cumsum(counts) - counts, counts)
        return dataclasses.replace(
            self,
            input_ids=_spread(self.input_ids, old, np.full(len(gaps), id_)),
            word_ids=_spread(self.word_ids, old, fresh),
            origins=_spread(self.origins, old, np.full(len(gaps), -1)),
            offsets=self.offsets + offsets_of(counts),
        )


def _spread(values: Array, old: Bools, new: Ints) -> Array:
    """Return ``values`` where ``old`` (``bool[T]``) is True and ``new`` elsewhere, each in its order: ``[T]``."""
    result = np.empty(len(old), values.dtype)
    result[old] = values
    result[~old] = new
    return result


@dataclasses.dataclass(frozen=True)
class Conditions:
    """What a corruption is told besides the text: the settings, what is known of the vocabulary, and the epoch (or the
    number of the duplicate)."""

    config: InstancesConfig
    facts: TokenFacts
    epoch: int

    def keys(self, name: str, text: Corrupted) -> rng.Bits:
        """Return the key of each instance for the draws of one corruption."""
        return rng.keys(self.config.seed, f"corrupt.{name}", self.epoch, text.instance_ids)

    def units(self, text: Corrupted) -> Units:
        """Return what spans are counted in: words, or single tokens if those are what the mask strategy chooses."""
        return text.words.tokens if self.config.mask == "char" else text.words.units
