"""The units that masks are drawn over.

In: a flat batch of instances (word index per token, offsets of the instances). Out: where each word
starts, how many tokens it has, which instance and which segment it belongs to, computed once for
the batch and kept for every duplicate.
"""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from zhprep.core.compiled import Kernel, Loop, Signature, address
from zhprep.core.ragged import Bools, Ints, counts_within, ranges, sizes_of

SIGNATURE = Signature("int16*", "int64*", "int64", "int64*", "int64*", "int64*")
"""Types of the arguments of :func:`find_units`: word numbers, where instances begin and the last ends, how many there
are, and what is written."""


def find_units(word_ids: Any, offsets: Any, n_instances: Any, starts: Any, stops: Any, units: Any) -> None:
    """Write where words start and stop, the first at place 1 of ``starts`` and ``stops``, and the ``units`` before each
    instance, int64[B + 1]."""
    n_units = units[0] = np.int64(0)
    for instance in range(n_instances):
        before = np.int64(-1)
        for token in range(offsets[instance], offsets[instance + 1]):
            word = np.int64(word_ids[token])
            opens = (word != before) & (word >= 0)
            n_units += np.int64(opens)
            starts[n_units] = token if opens else starts[n_units]
            stops[n_units] = token + 1 if word >= 0 else stops[n_units]
            before = word
        units[instance + 1] = n_units


_UNITS = Kernel(find_units, SIGNATURE, worth=1 << 21)


@dataclasses.dataclass(frozen=True)
class Units:
    """Runs of tokens that are chosen whole: words, or single tokens.

    ``starts`` and ``sizes`` are ``int64[U]`` in tokens of the flat batch; ``offsets`` ``int64[B + 1]``
    says which units each instance has.
    """

    starts: Ints
    sizes: Ints
    offsets: Ints

    @cached_property
    def counts(self) -> Ints:
        """Units per instance, ``int64[B]``."""
        return sizes_of(self.offsets)

    @cached_property
    def ordinals(self) -> Ints:
        """The number of each unit within its instance, ``int64[U]``."""
        return np.arange(len(self.starts)) - self.offsets[:-1].repeat(self.counts)

    def ordinals_of(self, units: Ints) -> Ints:
        """The numbers of some ``units`` (sorted) within their instances."""
        return units - self.offsets[:-1].repeat(counts_within(units, self.offsets))

    @cached_property
    def size_ends(self) -> Ints:
        """Running total of sizes, ``int64[U + 1]``, from 0."""
        ends = np.zeros(len(self.sizes) + 1, np.int64)
        np.cumsum(self.sizes, out=ends[1:])
        return ends

    @property
    def extents(self) -> Ints:
        """Tokens from the first of each instance's units to the end of the last, ``int64[B]``."""
        first = np.minimum(self.offsets[:-1], len(self.starts) - 1)
        last = self.offsets[1:] - 1
        return self.starts[last] + self.sizes[last] - self.starts[first]

    @cached_property
    def stops(self) -> Ints:
        """For each segment the number of the first unit that no longer belongs to it, ``int64[S]``, rising."""
        n = len(self.starts)
        if n == 0:
            return np.zeros(0, np.int64)
        closes = np.empty(n, np.bool_)
        np.not_equal(self.starts[:-1] + self.sizes[:-1], self.starts[1:], out=closes[:-1])
        closes[self.offsets[1:][self.counts > 0] - 1] = True
        return np.flatnonzero(closes) + 1

    @cached_property
    def segment_ends(self) -> Ints:
        """For each unit the number of the first unit that no longer belongs to its segment, ``int64[U]``."""
        return self.stops.repeat(np.diff(self.stops, prepend=0))


@dataclasses.dataclass(frozen=True)
class Words:
    """Word indices of a flat batch.

    ``word_ids`` (any signed integers, ``[T]``) is the index of the word within its instance, rising
    through it, -1 on special tokens; ``offsets`` ``int64[B + 1]`` says where each instance begins.
    """

    word_ids: npt.NDArray[np.signedinteger[Any]]
    offsets: Ints

    @cached_property
    def lengths(self) -> Ints:
        """Tokens per instance, specials included, ``int64[B]``."""
        return sizes_of(self.offsets)

    @cached_property
    def units(self) -> Units:
        """The words of the batch."""
        loop = _UNITS.get(len(self.word_ids)) if self.word_ids.dtype == np.int16 else None
        return self.units_by_arrays() if loop is None else self.units_by_loop(loop)

    def units_by_loop(self, loop: Loop) -> Units:
        """Return the words of the batch, whose numbers are int16, as the compiled loop finds them."""
        word_ids, offsets = np.ascontiguousarray(self.word_ids), np.ascontiguousarray(self.offsets, np.int64)
        (starts, stops), units = np.empty((2, len(word_ids) + 1), np.int64), np.empty(len(offsets), np.int64)
        loop(
            address(word_ids, np.int16), address(offsets, np.int64), len(offsets) - 1,
            address(starts, np.int64), address(stops, np.int64), address(units, np.int64),
        )  # fmt: skip
        starts, stops = starts[1 : units[-1] + 1], stops[1 : units[-1] + 1]
        return Units(starts, stops - starts, units)

    def units_by_arrays(self) -> Units:
        """Return the words of the batch by arrays."""
        real, opens = self.word_ids >= 0, self._borders()
        closes = np.ones(len(opens), np.bool_)
        closes[:-1] = opens[1:]
        starts = np.flatnonzero(opens & real)
        sizes = np.flatnonzero(closes & real) - starts
        sizes += 1
        return Units(starts, sizes, starts.searchsorted(self.offsets))

    @cached_property
    def tokens(self) -> Units:
        """Every token that is not special, as a unit of its own."""
        starts = np.flatnonzero(self.word_ids >= 0)
        return Units(starts, np.ones(len(starts), np.int64), starts.searchsorted(self.offsets))

    def _borders(self) -> Bools:
        """Return True for the tokens that begin a word, a special token or an instance, ``bool[T]``."""
        borders = np.empty(len(self.word_ids), np.bool_)
        borders[:1] = True
        np.not_equal(self.word_ids[1:], self.word_ids[:-1], out=borders[1:])
        borders[self.offsets[:-1][self.lengths > 0]] = True
        return borders


@dataclasses.dataclass(frozen=True)
class Choice:
    """What a mask strategy chose: ``positions`` ``int64[M]``, sorted tokens of the flat batch, and for
    each the number ``spans`` ``int64[M]`` of the chosen span (unique within its instance)."""

    positions: Ints
    spans: Ints

    @classmethod
    def of_units(cls, units: Units, chosen: Ints, spans: Ints | None = None) -> Choice:
        """Return the tokens of the ``chosen`` units (sorted) with the number of their span; by default
        each unit is a span of its own."""
        sizes = units.sizes[chosen]
        numbers = units.ordinals_of(chosen) if spans is None else spans
        return cls(ranges(units.starts[chosen], sizes), numbers.repeat(sizes))
