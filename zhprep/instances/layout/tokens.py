"""Tokens end to end, with what goes along with each of them.

A token has an id, whether it begins a word, and optionally further columns (its syllable) and its
place in a second, coarser tokenisation of the same text (AMBERT).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from zhprep.core.ragged import Array, Bools, Ints, ranges


@dataclasses.dataclass(frozen=True)
class Coarse:
    """The coarse tokens of a text, ``ids`` ``[C]``, and for each fine token which of them it is in, ``of``
    ``int64[T]``."""

    ids: Array
    of: Ints


@dataclasses.dataclass(frozen=True)
class Tokens:
    """``ids`` ``[T]``; ``opens`` ``bool[T]``, True where a word begins; ``columns``, each ``[T]``; and the coarse
    tokens, if any."""

    ids: Array
    opens: Bools
    columns: dict[str, Array] = dataclasses.field(default_factory=dict)
    coarse: Coarse | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def borders(self) -> Ints:
        """The tokens that begin a word, and the end."""
        return np.append(np.flatnonzero(self.opens), len(self.opens))

    def after(self, start: int) -> Tokens:
        """Return the tokens from ``start`` on, where a coarse token begins, if there are any. Nothing is copied."""
        columns = {name: column[start:] for name, column in self.columns.items()}
        coarse = self.coarse
        if coarse is not None and start < len(self):
            first = int(coarse.of[start])
            coarse = Coarse(coarse.ids[first:], coarse.of[start:] - first)
        return Tokens(self.ids[start:], self.opens[start:], columns, coarse)

    def take(self, starts: Ints, stops: Ints) -> Tokens:
        """Return the tokens of some ranges, end to end. Ranges begin and end with coarse tokens, if there are any."""
        index = ranges(starts, stops - starts)
        columns = {name: column[index] for name, column in self.columns.items()}
        return Tokens(self.ids[index], self.opens[index], columns, self._coarse_of(starts, stops, index))

    def _coarse_of(self, starts: Ints, stops: Ints, index: Ints) -> Coarse | None:
        """Return the coarse tokens of ranges ``starts`` to ``stops`` (``int64[R]``), whose fine tokens are ``index``
        ``int64[T]``."""
        if self.coarse is None:
            return None
        firsts, sizes = self.coarse_ranges(starts, stops)
        moved = np.cumsum(sizes) - sizes - firsts
        return Coarse(self.coarse.ids[ranges(firsts, sizes)], self.coarse.of[index] + np.repeat(moved, stops - starts))

    def coarse_ranges(self, starts: Ints, stops: Ints) -> tuple[Ints, Ints]:
        """Return the first coarse token of each range (none empty) and how many there are in it."""
        assert self.coarse is not None
        edges = np.append(self.coarse.of, len(self.coarse.ids))
        return edges[starts], edges[stops] - edges[starts]


def join(parts: Sequence[Tokens]) -> Tokens:
    """Return the tokens of all parts, end to end."""
    coarse = [part.coarse for part in parts if part.coarse is not None]
    bases = np.cumsum([0, *(len(part.ids) for part in coarse)])
    joined = None
    if coarse:
        ids = np.concatenate([part.ids for part in coarse])
        joined = Coarse(ids, np.concatenate([part.of + base for part, base in zip(coarse, bases[:-1], strict=True)]))
    return Tokens(
        np.concatenate([part.ids for part in parts]),
        np.concatenate([part.opens for part in parts]),
        {name: np.concatenate([part.columns[name] for part in parts]) for name in parts[0].columns},
        joined,
    )
