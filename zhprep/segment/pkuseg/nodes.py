"""Characters as pkuseg sees them: digits are one node, full-width letters another, some signs are ``&``."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SEPARATOR, UNKNOWN, NUMBER, LETTER, FIRST_CHARACTER = range(5)
NUMBER_FEATURE, LETTER_FEATURE = "**Num", "**Letter"

# pkuseg's lists, with their gaps (一 is no numeral, ｊ no letter).
_NUMBERS = "0123456789几二三四五六七八九十千万亿兆零１２３４５６７８９０％"
_LETTERS = (
    "ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺａｂｃｄｅｆｇｈｉｇｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ／・－"
)
_ANDS = "-._,|/*:"


def node_table(characters: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint16]:
    """Return the node of every code point; ``characters`` are those of the model, in the order of their nodes."""
    table = np.full(0x110000, UNKNOWN, np.uint16)
    table[characters] = np.arange(FIRST_CHARACTER, FIRST_CHARACTER + len(characters))
    for numeral in _NUMBERS:
        table[ord(numeral)] = NUMBER
    for letter in _LETTERS:
        table[ord(letter)] = LETTER
    for sign in _ANDS:
        table[ord(sign)] = table[ord("&")]
    return table
