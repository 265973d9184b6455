"""Runs of text that are encoded by themselves, each distinct one once.

In: runs as an Arrow binary array of UTF-32. Out: the tokens of every run, gathered from what is
remembered.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from tokenizers import Tokenizer

from zhprep.core import arrow
from zhprep.core.ragged import Ints, offsets_of
from zhprep.vocab import codepoints

AT_ONCE = 4096


class RunTokens(NamedTuple):
    """Tokens of N runs: ``n_tokens`` int64[N]; ``ids``, ``starts``, ``stops`` flat, places within the run."""

    n_tokens: Ints
    ids: npt.NDArray[Any]
    starts: Ints
    stops: Ints


Ask: TypeAlias = Callable[[list[bytes]], RunTokens]
"""Encodes distinct runs, UTF-32 (little endian) each."""

Quick: TypeAlias = Callable[[codepoints.Points, Ints, Ints], RunTokens | None]
"""Encodes the runs of code points that start and stop at given places, with -1 as the number of tokens of those that
are to be looked up; None where it cannot."""


class Library:
    """The library's tokenizer, made when it is first needed."""

    def __init__(self, make: Callable[[], Tokenizer]) -> None:
        self._make = make

    @functools.cached_property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer."""
        return self._make()

    def encode(self, runs: list[bytes]) -> RunTokens:
        """Return the tokens of ``runs``; many go in one call as if they were words, which the library keeps apart."""
        n_tokens, ids, places = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty((0, 2), np.int64)]
        for begin in range(0, len(runs), AT_ONCE):
            texts = [run.decode("utf-32-le") for run in runs[begin : begin + AT_ONCE]]
            answer = self.tokenizer.encode(texts, is_pretokenized=True, add_special_tokens=False)
            n_tokens.append(np.bincount(np.array(answer.word_ids, np.int64), minlength=len(texts)))
            ids.append(np.array(answer.ids, np.int64))
            places.append(np.array(answer.offsets, np.int64).reshape(-1, 2))
        starts, stops = np.concatenate(places).T
        return RunTokens(np.concatenate(n_tokens), np.concatenate(ids), starts, stops)


class RunCache:
    """Remembers the tokens of runs; forgets them all when there are more than ``limit``."""

    def __init__(self, ask: Ask, dtype: npt.DTypeLike, limit: int = 1 << 20, quick: Quick | None = None) -> None:
        """What ``quick`` encodes is not remembered, nor of the ``dtype``."""
        self._ask = ask
        self._quick = quick
        self._limit = limit
        self._dtype = np.dtype(dtype)
        self._forget()

    def of(self, points: codepoints.Points, starts: Ints, stops: Ints) -> RunTokens:
        """Return the tokens of each of the runs of ``points`` (uint32[N]) at ``starts`` to ``stops`` (int64[R])."""
        own = self._quick(points, starts, stops) if self._quick is not None else None
        if own is None:
            return self.find(codepoints.slices(points, starts, stops))
        others = np.flatnonzero(own.n_tokens < 0)
        if not len(others):
            return own
        return merged(own, others, self.find(codepoints.slices(points, starts[others], stops[others])))

    def find(self, runs: pa.Array) -> RunTokens:
        """Return the tokens of each of ``runs`` (binary, UTF-32 little endian)."""
        encoded = arrow.call("dictionary_encode", runs)  # by its method pyarrow.compute is imported
        distinct = encoded.dictionary.to_pylist()
        if len(self._known) + len(distinct) > self._limit:
            self._forget()
        known = self._known
        numbers = [known.get(run, -1) for run in distinct]
        if min(numbers, default=0) < 0:
            self._learn([run for run, number in zip(distinct, numbers, strict=True) if number < 0])
            numbers = [known[run] for run in distinct]
        which = np.array(numbers, np.int64)[encoded.indices.to_numpy()]
        n_tokens = self._first[which + 1] - self._first[which]
        source = spread(self._first[which], n_tokens)
        return RunTokens(n_tokens, self._ids[source], self._starts[source], self._stops[source])

    def _forget(self) -> None:
        self._known: dict[bytes, int] = {}
        self._first: Ints = np.zeros(1, np.int64)
        self._ids: npt.NDArray[Any] = np.empty(0, self._dtype)
        self._starts: Ints = np.empty(0, np.int64)
        self._stops: Ints = np.empty(0, np.int64)

    def _learn(self, new: list[bytes]) -> None:
        """Ask for the tokens of runs that are not known, and keep them."""
        found = self._ask(new)
        self._known.update(zip(new, range(len(self._known), len(self._known) + len(new)), strict=True))
        self._first = np.concatenate((self._first, self._first[-1] + np.cumsum(found.n_tokens)))
        self._ids = np.concatenate((self._ids, found.ids.astype(self._dtype)))
        self._starts = np.concatenate((self._starts, found.starts))
        self._stops = np.concatenate((self._stops, found.stops))


def spread(first: Ints, n: Ints) -> Ints:
    """Return ``first[i], first[i] + 1, …`` (``n[i]`` of them) for each i, one after the other."""
    before = np.cumsum(n) - n
    return np.repeat(first - before, n) + np.arange(int(n.sum()))


def merged(own: RunTokens, others: Ints, asked: RunTokens) -> RunTokens:
    """Return the tokens of all runs, where the runs ``others`` (``int64[M]``) have none of their ``own``."""
    n_tokens = own.n_tokens.copy()
    n_tokens[others] = asked.n_tokens
    theirs = np.zeros(int(n_tokens.sum()), np.bool_)
    theirs[spread(offsets_of(n_tokens)[others], asked.n_tokens)] = True
    columns = np.empty((3, len(theirs)), np.int64)
    columns[:, theirs], columns[:, ~theirs] = asked[1:], own[1:]
    return RunTokens(n_tokens, *columns)
