"""Bring white space to what the script needs."""

from __future__ import annotations

import numpy as np

from zhprep.core.report import Account
from zhprep.normalize.characters import CHINESE, SHARED_PUNCTUATION, WHITE_SPACE, Codes, Flags
from zhprep.normalize.config import NormalizeConfig
from zhprep.normalize.text import LINE, Text, is_mark

SPACE = 0x20

_CHINESE_OR_SHARED = CHINESE | SHARED_PUNCTUATION
_TABLE = dict.fromkeys(WHITE_SPACE.codes, SPACE)


def whitespace(text: Text, config: NormalizeConfig, account: Account) -> Text:
    """Make each run of white space one space; drop it at the ends of sentences and between Chinese characters.

    Between a Chinese and a Latin word, as between two Latin words, the space stays.
    """
    text = text.translate(_TABLE, account, "characters.whitespace")
    spaces = text.codes == SPACE
    edges = np.diff(spaces, prepend=False, append=False).nonzero()[0]
    if not edges.size:
        return text
    starts, stops = edges[::2], edges[1::2]
    padded = np.concatenate([[np.uint32(LINE)], text.codes, [np.uint32(LINE)]])
    idle = _idle(padded[starts], padded[stops + 1], config.chinese_spaces == "remove")
    spaces[starts[~idle]] = False  # the one space of the run that stays
    return text.drop(spaces, account, "characters.whitespace")


def _idle(before: Codes, after: Codes, between_chinese: bool) -> Flags:
    """Return which runs of spaces part nothing, given the characters on both sides."""
    idle = is_mark(before) | is_mark(after)
    if between_chinese:
        both = _CHINESE_OR_SHARED.table
        idle |= both[before] & both[after] & (CHINESE.table[before] | CHINESE.table[after])
    return idle
