"""Lay pieces out as instances: gather the tokens, put special tokens around them, number the words.

In: a window and the pieces of its instances. Out: flat arrays. ``[CLS]`` opens an instance (or, in packed
instances, every sequence) and ``[SEP]`` closes every piece; a word never goes on over a ``[SEP]``.
"""

from __future__ import annotations

import dataclasses
import functools
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from zhprep.core.compiled import Kernel, Loop, address
from zhprep.core.ragged import Array, Bools, Ints, offsets_of
from zhprep.instances.layout import assemble_loop
from zhprep.instances.layout.window import Pieces, Window

_LAY_OUT = Kernel(assemble_loop.lay_out, assemble_loop.SIGNATURE, worth=1 << 21)


@dataclasses.dataclass(frozen=True)
class SpecialIds:
    """The ids of the special tokens that instances have."""

    cls: int
    sep: int


@dataclasses.dataclass(frozen=True)
class Slots:
    """Where everything goes: each piece has a slot per token, one for its ``[SEP]`` and, if ``heads``, one for
    ``[CLS]``.

    ``sizes`` are the tokens of each piece and ``heads`` ``bool[P]`` says which open with ``[CLS]``.
    """

    sizes: Ints
    heads: Bools

    @cached_property
    def counts(self) -> Ints:
        """Slots of each piece, ``int64[P]``."""
        return self.sizes + 1 + self.heads

    @cached_property
    def edges(self) -> Ints:
        """Where the slots of each piece begin, and the end: ``int64[P + 1]``."""
        return offsets_of(self.counts)

    @cached_property
    def cls(self) -> Ints:
        """The slots of ``[CLS]``."""
        return self.edges[:-1][self.heads]

    @cached_property
    def sep(self) -> Ints:
        """The slots of ``[SEP]``."""
        return self.edges[1:] - 1

    @property
    def firsts(self) -> Ints:
        """The slot of the first token of each piece."""
        return self.edges[:-1] + self.heads

    def spread(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return a value of each piece in all its slots."""
        return np.repeat(values, self.counts)

    def sources(self, starts: Ints) -> Ints:
        """Return for each slot the token that goes there, 0 for special ones."""
        source = self.spread(starts - self.firsts)
        source += np.arange(len(source))
        source[self.sep] = 0
        source[self.cls] = 0
        return source

    def gather(self, tokens: Array, sources: Ints, special: SpecialIds) -> Array:
        """Return the tokens and the special tokens in their slots."""
        result = tokens[sources] if len(tokens) else np.zeros(len(sources), tokens.dtype)
        result[self.sep] = special.sep
        result[self.cls] = special.cls
        return result


@dataclasses.dataclass(frozen=True)
class Assembled:
    """Instances end to end: ``[T]`` arrays and ``offsets`` ``int64[B + 1]``; ``lists`` are further list columns, each
    as values and offsets."""

    input_ids: Array
    word_ids: npt.NDArray[np.int16]
    special_tokens_mask: npt.NDArray[np.uint8]
    offsets: Ints
    lists: dict[str, tuple[Array, Ints]]


def assemble(
    window: Window, pieces: Pieces, special: SpecialIds, coarse_special: SpecialIds | None = None
) -> Assembled:
    """Return the instances of ``pieces``."""
    tokens = window.tokens
    opening = np.diff(pieces.instances, prepend=-1) > 0
    heads = np.ones_like(opening) if pieces.separate else opening
    slots = Slots(pieces.stops - pieces.starts, heads)
    offsets = np.append(slots.edges[:-1][opening], slots.edges[-1])
    loop = _LAY_OUT.get(len(tokens))
    laid = by_arrays if loop is None else functools.partial(by_loop, loop)
    sources, mask, word_ids = laid(tokens.opens, pieces.starts, slots, opening)
    lists: dict[str, tuple[Array, Ints]] = {}
    for name, column in tokens.columns.items():
        lists[name] = slots.gather(column, sources, SpecialIds(0, 0)), offsets
    for name, values in (("token_type_ids", pieces.segments), ("lang_ids", pieces.languages)):
        if values is not None:
            lists[name] = slots.spread(values), offsets
    if pieces.separate:
        lists["cu_seqlens"] = _starts_of_sequences(slots, pieces, offsets)
    if tokens.coarse is not None and coarse_special is not None:
        lists |= _coarse(window, pieces, slots, sources, offsets, coarse_special)
    input_ids = slots.gather(tokens.ids, sources, special)
    return Assembled(input_ids, word_ids, mask, offsets, lists)


Laid: TypeAlias = tuple[Ints, npt.NDArray[np.uint8], npt.NDArray[np.int16]]
"""Of each slot the token that goes there (0 for special ones), whether it is special, and its word (-1): ``[T]``."""


def by_loop(loop: Loop, opens: Bools, starts: Ints, slots: Slots, opening: Bools) -> Laid:
    """Return what :func:`by_arrays` does, as the compiled loop finds it."""
    n_slots = int(slots.edges[-1])
    sources, special, words = np.empty(n_slots, np.int64), np.empty(n_slots, np.uint8), np.empty(n_slots, np.int16)
    starts, opens = np.ascontiguousarray(starts, np.int64), np.ascontiguousarray(opens)
    stops = starts + slots.sizes
    loop(
        address(starts, np.int64), address(stops, np.int64), address(opening, np.bool_), address(slots.heads, np.bool_),
        len(starts), address(opens, np.bool_),
        address(sources, np.int64), address(special, np.uint8), address(words, np.int16),
    )  # fmt: skip
    return sources, special, words


def by_arrays(opens: Bools, starts: Ints, slots: Slots, opening: Bools) -> Laid:
    """Return what goes into the ``slots`` of pieces of tokens from ``starts`` (``int64[P]``) on, where ``opening``
    ``bool[P]`` says which of these open an instance and ``opens`` ``bool[N]`` which tokens of the window a word."""
    sources = slots.sources(starts)
    mask = np.zeros(len(sources), np.uint8)
    mask[slots.sep] = 1
    mask[slots.cls] = 1
    in_slots = slots.gather(opens, sources, SpecialIds(0, 0))
    in_slots[slots.firsts[slots.sizes > 0]] = True
    offsets = np.append(slots.edges[:-1][opening], slots.edges[-1])
    return sources, mask, _word_ids(in_slots, mask, offsets)


def _word_ids(opens: Bools, special: npt.NDArray[np.uint8], offsets: Ints) -> npt.NDArray[np.int16]:
    """Number the words of every instance from 0; -1 on special tokens. ``opens`` ``bool[T]`` says which tokens open a
    word, ``special`` which are special tokens; ``offsets`` are ``int64[B + 1]``."""
    running = np.cumsum(opens, dtype=np.int32)
    running -= np.repeat(running[offsets[:-1]] + 1, np.diff(offsets))
    word_ids = running.astype(np.int16)
    word_ids[special != 0] = -1
    return word_ids


def _starts_of_sequences(slots: Slots, pieces: Pieces, offsets: Ints) -> tuple[Array, Ints]:
    """Return where the sequences of each instance begin, and its length at the end: ``int32[Q + B]`` and offsets
    ``int64[B + 1]``."""
    counts = np.bincount(pieces.instances, minlength=pieces.n_instances)
    places = slots.edges[:-1] - np.repeat(offsets[:-1], counts)
    ends = np.cumsum(counts)
    return np.insert(places, ends, np.diff(offsets)).astype(np.int32), offsets_of(counts + 1)


def _coarse(
    window: Window, pieces: Pieces, fine: Slots, sources: Ints, offsets: Ints, special: SpecialIds
) -> dict[str, tuple[Array, Ints]]:
    """Return the coarse tokens of the same pieces, their segments if there are any, and for each slot of the fine
    ones (``sources`` ``int64[T]``) the coarse token it is in (-1: special), ``int16[T]``; each with its
    offsets ``int64[B + 1]``."""
    coarse = window.tokens.coarse
    assert coarse is not None
    firsts, sizes = window.tokens.coarse_ranges(pieces.starts, pieces.stops)
    slots = Slots(sizes, fine.heads)
    opening = np.diff(pieces.instances, prepend=-1) > 0
    coarse_offsets = np.append(slots.edges[:-1][opening], slots.edges[-1])
    base = coarse_offsets[pieces.instances]
    of = (coarse.of[sources] if len(coarse.of) else sources) + fine.spread(slots.firsts - base - firsts)
    of[fine.sep] = -1
    of[fine.cls] = -1
    ids = slots.gather(coarse.ids, slots.sources(firsts), special).astype(np.int32)
    found: dict[str, tuple[Array, Ints]] = {"coarse_input_ids": (ids, coarse_offsets)}
    if pieces.segments is not None:
        found["coarse_token_type_ids"] = slots.spread(pieces.segments), coarse_offsets
    return found | {"coarse_of": (of.astype(np.int16), offsets)}
