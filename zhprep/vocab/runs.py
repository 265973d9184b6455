"""Runs of text that the library must see, each distinct one once.

In: runs as an Arrow binary array of UTF-32. Out: the tokens of every run, gathered from what is
remembered.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from tokenizers import Tokenizer

Ints = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Found:
    """Tokens of N runs: ``n_tokens`` int64[N]; ``ids``, ``starts``, ``stops`` flat, places within the run."""

    n_tokens: Ints
    ids: npt.NDArray[Any]
    starts: Ints
    stops: Ints


class Runs:
    """Remembers the tokens of runs; forgets them all when there are more than ``limit``."""

    def __init__(self, tokenizer: Tokenizer, dtype: npt.DTypeLike, limit: int = 1 << 20) -> None:
        self._tokenizer = tokenizer
        self._limit = limit
        self._dtype = np.dtype(dtype)
        self._forget()

    def find(self, runs: pa.Array) -> Found:
        """Return the tokens of each of ``runs`` (binary, UTF-32 little endian)."""
        encoded = runs.dictionary_encode()
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
        return Found(n_tokens, self._ids[source], self._starts[source], self._stops[source])

    def _forget(self) -> None:
        self._known: dict[bytes, int] = {}
        self._first: Ints = np.zeros(1, np.int64)
        self._ids: npt.NDArray[Any] = np.empty(0, self._dtype)
        self._starts: Ints = np.empty(0, np.int64)
        self._stops: Ints = np.empty(0, np.int64)

    def _learn(self, new: list[bytes]) -> None:
        texts = [run.decode("utf-32-le") for run in new]
        ids: list[int] = []
        places: list[tuple[int, int]] = []
        ends: list[int] = []
        total = int(self._first[-1])
        for encoding in self._tokenizer.encode_batch(texts, add_special_tokens=False):
            ids.extend(encoding.ids)
            places.extend(encoding.offsets)
            ends.append(total + len(ids))
        for run in new:
            self._known[run] = len(self._known)
        bounds = np.array(places, np.int64).reshape(-1, 2)
        self._first = np.concatenate((self._first, np.array(ends, np.int64)))
        self._ids = np.concatenate((self._ids, np.array(ids, self._dtype)))
        self._starts = np.concatenate((self._starts, bounds[:, 0]))
        self._stops = np.concatenate((self._stops, bounds[:, 1]))


def spread(first: Ints, n: Ints) -> Ints:
    """Return ``first[i], first[i] + 1, …`` (``n[i]`` of them) for each i, one after the other."""
    before = np.cumsum(n) - n
    return np.repeat(first - before, n) + np.arange(int(n.sum()))
