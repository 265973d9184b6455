"""Traditional text read through its Simplified shadow, which phrases and networks know.

In: a batch, and an engine that reads. Out: the readings of the shadow. Where one Simplified character stands for
several (发 for 發 fā and 髮 fà), a reading that the character as written does not have gives way to its own.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import numpy.typing as npt

from zhprep.core.simplified import simplify
from zhprep.pinyin.flat import FlatText
from zhprep.pinyin.phrases import N_CODE_POINTS, PhraseReadings
from zhprep.pinyin.syllables import names
from zhprep.pinyin.words import Read, Syllables


def shadow_of(text: FlatText) -> FlatText:
    """Return the shadow of ``text``, with places as in it; ``text`` itself where nothing changes."""
    codes = simplify(text.codes, text.sentence_offsets[1:])
    if codes is text.codes:
        return text
    return dataclasses.replace(text, codes=codes, utf8=memoryview(codes.tobytes().decode("utf-32-le").encode()))


def read_shadow(text: FlatText, shadow: FlatText, read: Read) -> Syllables:
    """Return what ``read`` hears in the ``shadow`` of ``text``, which may be ``text`` itself, uint16 ``[N]``."""
    syllables = read(shadow)
    if shadow is text:
        return syllables
    changed = np.flatnonzero((shadow.codes != text.codes) & _merged()[shadow.codes])
    pairs, which = np.unique((text.codes[changed].astype(np.uint64) << 16) | syllables[changed], return_inverse=True)
    own = np.array([_has(pair >> 16, pair & 0xFFFF) for pair in pairs.tolist()], np.bool_)
    foreign = changed[~own[which]] if len(pairs) else changed
    syllables[foreign] = PhraseReadings.load().first[text.codes[foreign]]
    return syllables


@functools.cache
def _merged() -> npt.NDArray[np.bool_]:
    """Return bool ``[code points]``: whether a Simplified character stands for several, itself perhaps among them."""
    points = np.arange(0x10000, dtype=np.uint32)
    simple = simplify(points, points.astype(np.int64) + 1)
    sources = np.bincount(simple[simple != points], minlength=N_CODE_POINTS)
    for code in np.flatnonzero(sources == 1).tolist():
        sources[code] += _in_big5(chr(code))
    merged: npt.NDArray[np.bool_] = sources > 1
    return merged


def _in_big5(character: str) -> bool:
    try:
        return bool(character.encode("big5"))
    except UnicodeEncodeError:
        return False


@functools.cache
def _has(code: int, syllable: int) -> bool:
    """Return whether a character has this reading, a neutral tone being a form of any; so too if none is known."""
    readings = [names()[reading] for reading in PhraseReadings.load().readings(code)]
    name = names()[syllable]
    return not readings or name in readings or (name[-1:] == "5" and name[:-1] in {known[:-1] for known in readings})
