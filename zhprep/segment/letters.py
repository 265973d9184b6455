"""Keep words of alphabets whole, whatever a Chinese segmenter makes of them.

In: the words of sentences. Out: the same words, those joined that met between two letters. jieba knows the letters of
ASCII only: it makes five words of ``Müller's``, and one of every letter of Greek or Russian.
"""

from __future__ import annotations

import unicodedata

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.segment.cuts import Cuts, join, lengths_of

UNSPACED = (
    "CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "HALFWIDTH KATAKANA", "BOPOMOFO", "YI", "THAI", "LAO", "KHMER",
    "MYANMAR", "TIBETAN",
)  # fmt: skip
"""Scripts that put no spaces between words, as the names of their characters begin."""


def with_whole_letters(cuts: Cuts, sentences: pa.Array) -> Cuts:
    """Return ``cuts`` of ``sentences`` but for those between letters, marks or digits of scripts that use spaces."""
    points = np.frombuffer(join(sentences, "\n").encode("utf-32-le"), np.uint32)
    bases = np.concatenate(([0], np.cumsum(lengths_of(sentences) + 1)))[:-1]
    counts = np.diff(cuts.offsets)
    places = cuts.ends + np.repeat(bases, counts)
    inner = places < len(points)  # the last word of all ends with the text
    between = np.zeros(len(places), np.bool_)
    between[inner] = _letters(points[places[inner] - 1]) & _letters(points[places[inner]])
    kept = np.concatenate(([0], np.cumsum(~between)))
    return Cuts(kept[cuts.offsets], cuts.ends[~between], cuts.text)


def _letters(points: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    distinct, which = np.unique(points, return_inverse=True)
    return np.array([_is_letter(chr(point)) for point in distinct.tolist()], np.bool_)[which]


def _is_letter(character: str) -> bool:
    spaced = not unicodedata.name(character, "CJK").startswith(UNSPACED)
    return spaced and unicodedata.category(character)[0] in "LMN"
