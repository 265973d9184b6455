"""How much text there is: a measure that cleaning and segmentation leave as it is.

Blocks are cut by weight, so that a corpus is cut in the same places whether it comes raw, as clean
sentences or as words, and the instances of a block stay the same. What a clean-up may remove, add or
fold (spaces, punctuation, invisible characters, full-width forms, combining marks) weighs nothing, or
as much as what becomes of it. A Chinese character weighs 3, as it does in UTF-8; a letter of another
script or a digit weighs 1.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_LIGHTEST = 16
"""A line weighs at least a sixteenth of its bytes, so that nothing made of symbols alone grows without bounds."""

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]


def weigh(data: bytes, starts: Ints, sizes: Ints) -> Ints:
    """Return the weight of each line, which begins at ``starts`` and has ``sizes`` bytes.

    Lines lie one after the other, with nothing but a line feed between them.
    """
    weights = np.zeros(len(starts), np.int64)
    filled = np.flatnonzero(sizes)
    if len(filled):
        weights[filled] = np.add.reduceat(_per_byte(data), starts[filled], dtype=np.int64)
    return np.maximum(weights, sizes // _LIGHTEST)


def _per_byte(data: bytes) -> Bytes:
    """Return, where a character begins, its weight, and 0 elsewhere."""
    array = np.frombuffer(data, np.uint8)
    weights = np.frombuffer(data.translate(_OF_FIRST_BYTE), np.uint8).copy()
    punctuation, _ = _find(array, 0xE3, 0x80, 0x80)  # U+3000 to U+303F
    weights[punctuation] = 0
    places, third = _find(array, 0xEF, 0xBC, 0xBD)  # U+FF00 to U+FF7F
    upper = array[places + 1] == 0xBC
    weights[places] = np.where(upper, _UPPER_FORMS[third], _LOWER_FORMS[third])
    compatible, _ = _find(array, 0xEF, 0xA4, 0xAB)  # U+F900 to U+FAFF
    weights[compatible] = 3
    return weights


def _find(array: Bytes, first: int, low: int, high: int) -> tuple[npt.NDArray[np.intp], Bytes]:
    """Return where characters of three bytes begin, by the first and the range of the second, and their third bytes."""
    places = np.flatnonzero(array[:-2] == first)
    second = array[places + 1]
    places = places[(second >= low) & (second <= high)]
    return places, array[places + 2]


def _table(*ranges: tuple[int, int, int]) -> Bytes:
    weights = np.zeros(256, np.uint8)
    for first, last, weight in ranges:
        weights[first : last + 1] = weight
    return weights


_OF_FIRST_BYTE = _table(
    (0x30, 0x39, 1), (0x41, 0x5A, 1), (0x61, 0x7A, 1),  # digits, Latin letters
    (0xC3, 0xDF, 1), (0xE0, 0xE1, 1),  # other alphabets
    (0xCC, 0xCD, 0),  # combining marks: composed or not, a letter weighs the same
    (0xE3, 0xED, 3), (0xF0, 0xF0, 3),  # kana, Chinese characters, Hangul
).tobytes()  # fmt: skip
_UPPER_FORMS = _table((0x90, 0x99, 1), (0xA1, 0xBA, 1))  # U+FF10 to U+FF3A
_LOWER_FORMS = _table((0x81, 0x9A, 1))  # U+FF41 to U+FF5A
