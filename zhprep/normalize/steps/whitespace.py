"""Bring white space to what the script needs."""

from __future__ import annotations

import numpy as np

from zhprep.core.report import Account
from zhprep.normalize.characters import CHINESE, SHARED_PUNCTUATION, WHITE_SPACE, Codes, Flags
from zhprep.normalize.config import NormalizeConfig
from zhprep.normalize.text import Text, is_mark

SPACE = 0x20

_CHINESE_OR_SHARED = CHINESE | SHARED_PUNCTUATION
_TABLE = dict.fromkeys(WHITE_SPACE.codes, SPACE)


def whitespace(text: Text, config: NormalizeConfig, account: Account) -> Text:
    """Make each run of white space one space; drop it at the ends of sentences and between Chinese characters.

    Between a Chinese and a Latin word, as between two Latin words, the space stays.
    """
    text = text.translate(_TABLE, account, "characters.whitespace")
    spaces = text.places(np.array([SPACE], np.uint32))
    if not spaces.size:
        return text
    dropped = np.diff(spaces, prepend=-2) == 1  # all of a run but the first
    firsts = np.flatnonzero(~dropped)
    lasts = np.append(firsts[1:] - 1, spaces.size - 1)
    before, after = text.at(spaces[firsts] - 1), text.at(spaces[lasts] + 1)
    dropped[firsts] = _idle(before, after, config.chinese_spaces == "remove")
    return text.without(spaces[dropped], account, "characters.whitespace")


def _idle(before: Codes, after: Codes, between_chinese: bool) -> Flags:
    """Return which runs of spaces part nothing, ``bool[R]``, given the characters (``uint32[R]``) on both sides."""
    idle = is_mark(before) | is_mark(after)
    if between_chinese:
        both = _CHINESE_OR_SHARED.table
        idle |= both[before] & both[after] & (CHINESE.table[before] | CHINESE.table[after])
    return idle
