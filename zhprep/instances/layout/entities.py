"""Find entities of a lexicon that stand in the text as whole words, so that their words are masked as one.

In: lexicon files, and sentences with their words. Out: the runs of words that are entities. The longest
entity from the left counts. Runs of words are looked up by hash, all at once; what is found is compared as text.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa

from zhprep.core import rng
from zhprep.core.errors import DataError
from zhprep.core.ragged import Bools, Ints
from zhprep.instances.layout.align import CharacterWords

MOST_WORDS = 8
"""Most words of an entity."""

Run = tuple[int, int]
"""A run of words: the number of the first, and how many there are, negative (so that the longest is the least)."""

_BASE = np.uint64(0x9E3779B97F4A7C15)
_INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 1 << 64))
_BITS = 22


class Entities:
    """A set of entities, each a string of two characters or more."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = {name for name in names if len(name) > 1}
        self._hashes = np.sort(np.array([_hash_text(name) for name in sorted(self._names)], np.uint64))
        self._maybe = np.zeros(1 << _BITS, np.bool_)
        self._maybe[_short(self._hashes)] = True

    def __len__(self) -> int:
        return len(self._names)

    def runs(self, words: CharacterWords, sentences: pa.Array) -> list[Run]:
        """Return the runs of words that are entities, in order; of those that overlap, the longest from the left."""
        text = "".join(sentences.to_pylist())
        edges = np.append(words.starts, words.n_characters)
        sentence = np.searchsorted(words.bases, words.starts, side="right")
        sums = _running(_points(text))
        found: list[Run] = []
        for n in range(2, min(MOST_WORDS, len(words.starts)) + 1):
            first = np.flatnonzero(sentence[n - 1 :] == sentence[: len(sentence) - n + 1])
            hit = first[self._known(_hashes(sums, edges[first], edges[first + n]))].tolist()
            found += [(word, -n) for word in hit if text[edges[word] : edges[word + n]] in self._names]
        return longest(found)

    def _known(self, hashes: rng.Bits) -> Bools:
        result = self._maybe[_short(hashes)]
        likely = np.flatnonzero(result)
        if len(likely):
            rows = np.minimum(np.searchsorted(self._hashes, hashes[likely]), len(self._hashes) - 1)
            result[likely] = self._hashes[rows] == hashes[likely]
        return result


def read_entities(paths: Iterable[str]) -> Entities:
    """Read lexicon files: an entity per line, before the first tab (THUOCL lists have a count behind it).

    Raises ``DataError`` for a file that is not there, is not UTF-8 or has nothing in it.
    """
    names: list[str] = []
    for path in paths:
        try:
            lines = Path(path).read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(
                f"cannot read entities from {path}: {error}", hint="a UTF-8 text file, one per line"
            ) from error
        names += [name for line in lines if (name := line.split("\t")[0].strip())]
    if not names:
        raise DataError(f"no entities in {', '.join(paths)}", hint="one entity per line")
    return Entities(names)


def longest(found: Iterable[Run]) -> list[Run]:
    """Take from the left the longest runs that do not overlap."""
    taken: list[Run] = []
    free = 0
    for word, n in sorted(found):
        if word >= free:
            free = word - n
            taken.append((word, n))
    return taken


def inner_words(runs: Iterable[Run]) -> Ints:
    """Return the numbers of the words that belong to a run but do not begin it, sorted."""
    return np.array([inner for word, n in runs for inner in range(word + 1, word - n)], np.int64)


def _points(text: str) -> rng.Bits:
    return rng.bits(np.zeros(1, np.uint64), np.frombuffer(text.encode("utf-32-le"), np.uint32))


def _running(points: rng.Bits) -> rng.Bits:
    """Return running totals of points times powers of the base, modulo 2**64."""
    powers = np.full(len(points), _BASE)
    powers[:1] = 1
    powers = np.multiply.accumulate(powers)
    sums = np.zeros(len(points) + 1, np.uint64)
    np.cumsum(points * powers, out=sums[1:])
    return sums


def _hashes(sums: rng.Bits, starts: Ints, stops: Ints) -> rng.Bits:
    """Return the hash of the text between two places: it does not depend on where it stands."""
    shift = np.full(len(sums), _INVERSE)
    shift[0] = 1
    return (sums[stops] - sums[starts]) * np.multiply.accumulate(shift)[starts]


def _hash_text(text: str) -> np.uint64:
    return np.uint64(_running(_points(text))[-1])


def _short(hashes: rng.Bits) -> Ints:
    return (hashes >> np.uint64(64 - _BITS)).astype(np.int64)
