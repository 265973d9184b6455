"""Drop the byte order mark at the start of a sentence."""

from __future__ import annotations

import numpy as np

from zhprep.core.report import Account
from zhprep.normalize.config import NormalizeConfig
from zhprep.normalize.text import Text

BOM = 0xFEFF


def bom(text: Text, config: NormalizeConfig, account: Account) -> Text:
    """Drop U+FEFF where a sentence starts; files joined end to end leave it in the middle of a corpus."""
    if not np.any(text.alphabet == BOM):
        return text
    starts, stops = text.bounds
    starts = starts[stops > starts]
    places = np.zeros(text.codes.size, np.bool_)
    places[starts[text.codes[starts] == BOM]] = True
    return text.drop(places, account, "characters.bom")
