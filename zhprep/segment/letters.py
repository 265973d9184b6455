"""Keep words of alphabets whole, whatever a Chinese segmenter makes of them.

In: where words end. Out: the same, but for ends between two letters. jieba knows the letters of ASCII only: it makes
five words of ``Müller's``, and one of every letter of Greek or Russian.
"""

from __future__ import annotations

import unicodedata

import numpy as np
import numpy.typing as npt

from zhprep.segment.sentences import Sentences

UNSPACED = (
    "CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "HALFWIDTH KATAKANA", "BOPOMOFO", "YI", "THAI", "LAO", "KHMER",
    "MYANMAR", "TIBETAN",
)  # fmt: skip
"""Scripts that put no spaces between words, as the names of their characters begin."""


def join_letters(text: Sentences, marks: npt.NDArray[np.bool_]) -> None:
    """Clear ``marks`` (bool[N + 1]) between letters, marks or digits of scripts that use spaces."""
    letters = _letters(text.code_points)
    marks[1:-1] &= ~(letters[:-1] & letters[1:])


def _letters(points: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    """Return which code points (``uint32[N]``) are letters, ``bool[N]``."""
    distinct, which = np.unique(points, return_inverse=True)
    return np.array([_is_letter(chr(point)) for point in distinct.tolist()], np.bool_)[which]


def _is_letter(character: str) -> bool:
    spaced = not unicodedata.name(character, "CJK").startswith(UNSPACED)
    return spaced and unicodedata.category(character)[0] in "LMN"
