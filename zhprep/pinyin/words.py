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

from zhprep.core.arrays import load_arrays
from zhprep.core.errors import DataError
from zhprep.core.shards import committed
from zhprep.pinyin.flat import FlatText, Integers
from zhprep.pinyin.syllables import names

Syllables = npt.NDArray[np.uint16]
Read = Callable[[FlatText], Syllables]

_ARRAYS = ("fingerprint", "words", "starts", "syllables")
_AGAIN = "delete it; it is made again"

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
        arrays = load_arrays(path, _ARRAYS, hint=_AGAIN)
        if str(arrays["fingerprint"]) != fingerprint:
            return False
        starts, flat = arrays["starts"], arrays["syllables"]
        try:
            words = arrays["words"].tobytes().decode("utf-8").split("\n") if starts.size else []
        except UnicodeDecodeError as error:
            raise DataError(f"{path}: its words are not UTF-8: {error}", hint=_AGAIN) from error
        if wrong := _fault(words, starts, flat):
            raise DataError(f"{path}: is not a table of pinyin: {wrong}", hint=_AGAIN)
        self._numbers = dict(zip(words, range(len(starts)), strict=True))
        self._starts, self._flat = starts.tolist(), flat.tolist()
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


def _fault(words: list[str], starts: Integers, flat: Syllables) -> str:
    """Return what is wrong with a table of ``words`` whose syllables are ``flat[starts[i]:starts[i + 1]]``: as many as
    a word has characters."""
    if starts.ndim != 1 or flat.ndim != 1 or starts.dtype != np.int64 or flat.dtype != np.uint16:
        return f"starts are {starts.dtype} {list(starts.shape)} and syllables {flat.dtype} {list(flat.shape)}"
    if len(set(words)) != len(starts):
        return f"{len(set(words))} words and {len(starts)} starts"
    if not np.array_equal(np.diff(np.append(starts, len(flat))), [len(word) for word in words]):
        return "a word has not as many syllables as characters"
    known = len(names())
    return f"syllable {flat.max()} of {known}" if len(flat) and flat.max() >= known else ""


def words_with(text: FlatText, wanted: npt.NDArray[np.bool_]) -> Integers:
    """Return which words have two characters or more and one of the ``wanted`` ones, bool ``[code points]``."""
    starts, ends = text.word_starts, text.word_ends
    if not len(ends):
        return np.zeros(0, np.int64)
    has = np.logical_or.reduceat(wanted[text.codes], np.minimum(starts, len(text.codes) - 1))
    return np.flatnonzero(has & (ends - starts > 1))
