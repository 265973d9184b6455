"""The tones of 一 and 不, which change with what follows: written always the same way, or as they are spoken.

In: the syllables of a batch, in which a phrase table may have mixed both (一个 yi2 ge4, but 一样 yi1 yang4). Out: the
tones of the dictionary, yi1 and bu4, or with sandhi those of speech. The rules are those of the standard language
(《现代汉语》, 语流音变): 不 is bu2 before a fourth tone; 一 is yi2 before a fourth tone and yi4 before the others, and
keeps yi1 in ordinals, in numbers read digit by digit, and at the end. A neutral tone counts as the tone it comes from
(一个 yi2 ge5). What is judged is the tone of the dictionary: 不 in 不一样 is bu4. The neutral tones of 看一看 and
差不多, and third tones, are not written.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from zhprep.pinyin.flat import FlatText, Integers
from zhprep.pinyin.syllables import ids, names
from zhprep.pinyin.words import Syllables

ONE, NOT = ord("一"), ord("不")
FORMS = {ONE: ("yi1", "yi2", "yi4", "yi5"), NOT: ("bu4", "bu2", "bu5")}
"""The syllables that are one reading in several tones, the tone of the dictionary first; 不 fǒu is another reading."""

DIGITS = "〇零○一二三四五六七八九十"
ORDINALS = "第初" + DIGITS
"""After these 一 is a number or an ordinal, also across words."""

NUMBERED = "月号號楼樓"
"""Before these too: 一月, 一号, 一楼."""

KEEPING = "唯惟统单专划归合逐之其周期拜"
"""After these in the same word: 统一战线, 唯一性, 星期一早."""

POINTING = "每这那哪某另同进有上下前后头再又来任近"
"""After these the end of a word is not the end of what 一 counts: 每一 天, 进一 步."""


def citation(text: FlatText, syllables: Syllables) -> Syllables:
    """Return uint16 ``[N]`` with the tones of the dictionary for 一 and 不."""
    result = syllables.copy()
    for character, forms in FORMS.items():
        places = np.flatnonzero(text.codes == character)
        numbers = np.array([ids()[form] for form in forms], np.uint16)
        result[places[np.isin(syllables[places], numbers)]] = numbers[0]
    return result


def spoken(text: FlatText, shadow: FlatText, syllables: Syllables, first: Syllables) -> Syllables:
    """Return uint16 ``[N]`` with the tones of 一 and 不 before what follows them.

    ``shadow`` is ``text`` in Simplified characters, as the tables of this module are, or ``text`` itself. ``first``
    uint16 ``[code points]`` is the first reading of each character, for the tone that a neutral one comes from.
    """
    result = citation(text, syllables)
    tones = _tones()
    following = np.append(result[1:], np.uint16(0))
    following[text.sentence_offsets[1:][text.sentence_offsets[1:] > 0] - 1] = 0
    tone = tones[following]
    neutral = np.flatnonzero(tone == 5)
    tone[neutral] = tones[first[text.codes[neutral + 1]]]
    known = ids()
    before_fourth = tone == 4
    result[(text.codes == NOT) & (result == known["bu4"]) & before_fourth] = known["bu2"]
    ones = np.flatnonzero((text.codes == ONE) & (result == known["yi1"]) & (tone > 0) & (tone < 5))
    ones = ones[~_keeps(shadow, ones)]
    result[ones] = np.where(before_fourth[ones], known["yi2"], known["yi4"])
    return result


def _keeps(text: FlatText, ones: Integers) -> npt.NDArray[np.bool_]:
    """Return whether 一 at each place (``int64[N]``) is a number, an ordinal or the end of its word, ``bool[N]``."""
    word = np.searchsorted(text.word_ends, ones, side="right")
    inside = text.word_starts[word] < ones
    starts_sentence = np.isin(ones, text.sentence_offsets)
    before = np.where(starts_sentence, 0, text.codes[ones - 1])
    after = text.codes[ones + 1]
    last = inside & (text.word_ends[word] == ones + 1) & ~_among(before, POINTING)
    counted = _among(before, ORDINALS) | _among(after, DIGITS + NUMBERED)
    keeps: npt.NDArray[np.bool_] = counted | last | (inside & _among(before, KEEPING))
    return keeps


def _among(codes: npt.NDArray[np.integer], characters: str) -> npt.NDArray[np.bool_]:
    """Return which of ``codes`` (``[N]``) are among ``characters``, ``bool[N]``."""
    return np.isin(codes, [ord(character) for character in characters])


@functools.cache
def _tones() -> npt.NDArray[np.uint8]:
    """Return the tone of every syllable id, 0 for none: ``uint8[N]``."""
    return np.array([int(name[-1]) if name[-1:].isdigit() else 0 for name in names()], np.uint8)
