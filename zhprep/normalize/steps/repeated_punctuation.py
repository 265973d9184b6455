"""Shorten runs of one punctuation mark."""

from __future__ import annotations

import unicodedata

import numpy as np

from zhprep.core.report import Account
from zhprep.core.sets import among, distinct
from zhprep.normalize.config import NormalizeConfig
from zhprep.normalize.text import Text


def repeated_punctuation(text: Text, config: NormalizeConfig, account: Account) -> Text:
    """Keep ``longest_punctuation_run`` of the same punctuation mark in a row."""
    codes = text.codes
    index = np.arange(codes.size)
    first = np.append(True, codes[1:] != codes[:-1])[: codes.size]
    nth = index - np.maximum.accumulate(np.where(first, index, 0))
    places = np.flatnonzero(nth >= config.longest_punctuation_run)
    marks = [code for code in distinct(codes[places]).tolist() if _repeats(chr(code))]
    return text.without(places[among(codes[places], marks)], account, "characters.repeated_punctuation")


def _repeats(character: str) -> bool:
    return unicodedata.category(character)[0] == "P" or character in "~～"
