"""Join words that together stand in pkuseg's dictionary.

pkuseg takes windows of seven words, then of six, down to two, from left to right, and makes a window one
word when its text is in the dictionary and not all of its words are. Windows that this could be true of
are found for a whole batch by hashes; only the fragments that have one are gone through word by word.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]

_WINDOWS = (7, 6, 5, 4, 3, 2)
_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 1 << 64)
_FILTER_BITS = 23


class Merger:
    """The dictionary, as strings and as a filter of hashes."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = frozenset(words)
        self._filter = np.zeros(1 << _FILTER_BITS, np.bool_)
        if self._words:
            text = "".join(self._words)
            lengths = np.fromiter(map(len, self._words), np.int64, len(self._words))
            ends = np.cumsum(lengths)
            self._filter[_slots(_Spans(text).hashes(ends - lengths, ends))] = True

    def __bool__(self) -> bool:
        return bool(self._words)

    def merge(self, words: list[str]) -> list[str]:
        """Return the words of one fragment with those joined that pkuseg joins."""
        words, known = list(words), self._words
        for size in _WINDOWS:
            i = 0
            while i + size <= len(words):
                window = words[i : i + size]
                joined = "".join(window)
                if joined in known and not all(word in known for word in window):
                    words[i : i + size] = [joined]
                i += 1
        return words

    def candidates(self, text: str, starts: Places, ends: Places, fragments: Places) -> Places:
        """Return the numbers of fragments in which a window might be joined (a few of them in vain, none is missed).

        ``starts`` and ``ends`` (int64[W]) are the words of all fragments in ``text``, ``fragments`` (int64[W])
        says which fragment each belongs to, rising.
        """
        spans, begins, stops = _Spans(text), starts.tolist(), ends.tolist()
        found = []
        for size in _WINDOWS:
            last = size - 1
            windows = np.flatnonzero(fragments[last:] == fragments[: max(len(fragments) - last, 0)])
            windows = windows[self._filter[_slots(spans.hashes(starts[windows], ends[windows + last]))]]
            found += [window for window in windows.tolist() if self._joins(text, begins, stops, window, size)]
        return np.unique(fragments[np.array(found, np.int64)])

    def _joins(self, text: str, starts: list[int], ends: list[int], window: int, size: int) -> bool:
        if text[starts[window] : ends[window + size - 1]] not in self._words:
            return False
        return not all(text[starts[i] : ends[i]] in self._words for i in range(window, window + size))


class _Spans:
    """Hashes of any stretch of a text, each in constant time."""

    def __init__(self, text: str) -> None:
        code_points = np.frombuffer(text.encode("utf-32-le"), np.uint32).astype(np.uint64)
        powers = np.full(len(code_points), _BASE, np.uint64)
        powers[:1] = 1
        self._sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum(code_points * np.cumprod(powers))))
        inverses = np.full(len(code_points) + 1, _INVERSE, np.uint64)
        inverses[:1] = 1
        self._inverses = np.cumprod(inverses)

    def hashes(self, starts: Places, ends: Places) -> Hashes:
        hashes: Hashes = (self._sums[ends] - self._sums[starts]) * self._inverses[starts]
        return hashes


def _slots(hashes: Hashes) -> Places:
    """Return the slot of each hash (``uint64[N]``) in the filter, ``int64[N]``."""
    mixed = (hashes ^ hashes >> np.uint64(32)) * np.uint64(0xBF58476D1CE4E5B9)
    return (mixed >> np.uint64(64 - _FILTER_BITS)).astype(np.int64)
