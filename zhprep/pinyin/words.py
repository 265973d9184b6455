"""Readings of words, each worked out once.

In: the words of a batch that hold one of certain characters. Out: their syllables, put in place for all of them at
once. The table may be kept in a file beside a vocabulary, so that the next run starts with it.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zhprep.core.errors import DataError
from zhprep.core.shards import committed
from zhprep.pinyin.flat import FlatText, Integers

Syllables = npt.NDArray[np.uint16]
Read = Callable[[FlatText], Syllables]

FILE = "pinyin_words.npz"
"""The name of the file beside a vocabulary."""


class WordTable:
    """The syllables of the words met so far; ``read(word)`` gives those of a new one."""

    def __init__(self, read: Callable[[str], list[int]]) -> None:
        self._read = read
        self._numbers: dict[str, int] = {}
        self._flat: list[int] = []
        self._starts: list[int] = []
        self._arrays: tuple[Syllables, Integers] = (np.zeros(0, np.uint16), np.zeros(0, np.int64))

    def __len__(self) -> int:
        return len(self._numbers)

    def fill(self, result: Syllables, text: FlatText, chosen: Integers) -> None:
        """Put the syllables of the words ``text.word_ends[chosen]`` into ``result``, uint16 ``[N]``."""
        if not len(chosen):
            return
        words, which = text.words(chosen)
        numbers = np.array([self._number(word) for word in words], np.int64)[which]
        flat, starts = self._as_arrays()
        first, last = text.word_starts[chosen], text.word_ends[chosen]
        lengths = last - first
        within = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        result[np.repeat(first, lengths) + within] = flat[np.repeat(starts[numbers], lengths) + within]

    def save(self, path: Path, fingerprint: str) -> None:
        """Write the table to ``path``, at once or not at all, under the fingerprint of what read the words."""
        flat, starts = self._as_arrays()
        words = np.frombuffer("\n".join(self._numbers).encode("utf-8"), np.uint8)
        buffer = io.BytesIO()  # numpy does not say why it cannot write
        np.savez(buffer, fingerprint=np.array(fingerprint), words=words, starts=starts, syllables=flat)
        with committed(path, replace=True) as file:
            file.write(buffer.getvalue())

    def load(self, path: Path, fingerprint: str) -> bool:
        """Take the words of ``path`` over; return False when there are none of this fingerprint.

        Raises ``DataError`` when the file is not such a table.
        """
        if not path.is_file():
            return False
        try:
            with np.load(path, allow_pickle=False) as arrays:
                if str(arrays["fingerprint"]) != fingerprint:
                    return False
                words = arrays["words"].tobytes().decode("utf-8").split("\n")
                starts, flat = arrays["starts"].tolist(), arrays["syllables"].tolist()
        except (ValueError, KeyError, OSError) as error:
            raise DataError(f"{path} is not a table of pinyin: {error}", hint="delete it; it is made again") from error
        self._numbers = dict(zip(words, range(len(starts)), strict=True)) if starts else {}
        self._starts, self._flat = starts, flat
        return True

    def _number(self, word: str) -> int:
        number = self._numbers.get(word)
        if number is None:
            number = len(self._starts)
            self._numbers[word] = number
            self._starts.append(len(self._flat))
            self._flat += self._read(word)
        return number

    def _as_arrays(self) -> tuple[Syllables, Integers]:
        """Return the syllables of all words end to end, ``uint16[T]``, and where each begins, ``int64[N]``."""
        if len(self._arrays[1]) != len(self._starts):
            self._arrays = np.array(self._flat, np.uint16), np.array(self._starts, np.int64)
        return self._arrays


def words_with(text: FlatText, wanted: npt.NDArray[np.bool_]) -> Integers:
    """Return which words have two characters or more and one of the ``wanted`` ones, bool ``[code points]``."""
    starts, ends = text.word_starts, text.word_ends
    if not len(ends):
        return np.zeros(0, np.int64)
    has = np.logical_or.reduceat(wanted[text.codes], np.minimum(starts, len(text.codes) - 1))
    return np.flatnonzero(has & (ends - starts > 1))
