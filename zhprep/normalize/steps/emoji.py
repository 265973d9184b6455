"""Keep emoji, strip them, or put a placeholder in their place."""

from __future__ import annotations

import functools
import re

import numpy as np

from zhprep.core.report import Account
from zhprep.normalize import characters
from zhprep.normalize.config import NormalizeConfig
from zhprep.normalize.text import Text

_MAKERS = characters.Characters.of("\ufe0f \u20e3")  # what makes an emoji of another character


def emoji(text: Text, config: NormalizeConfig, account: Account) -> Text:
    """Strip or replace whole emoji sequences: skin tones, flags, keycaps and what joiners hold together."""
    alone, _ = characters.emoji()
    if config.emoji == "keep" or not (text.found(alone).size or text.found(_MAKERS).size):
        return text
    matches = list(sequence().finditer(text.string))
    starts = np.array([match.start() for match in matches], np.intp)
    stops = np.array([match.end() for match in matches], np.intp)
    piece = config.emoji_placeholder if config.emoji == "placeholder" else ""
    account.change("characters.emoji", len(matches))
    return text.replace(starts, stops, [piece] * len(matches), account, "characters.emoji")


@functools.cache
def sequence() -> re.Pattern[str]:
    """Return the pattern of one emoji as people see it."""
    alone, with_selector = characters.emoji()
    either = f"[{alone.pattern}{with_selector.pattern}]"
    tail = "[\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]*"
    flag = "[\U0001f1e6-\U0001f1ff]{2}"
    keycap = "[0-9#*](?=\ufe0f?\u20e3)"
    made = f"[{with_selector.pattern}](?=[\ufe0f\u200d\u20e3\U0001f3fb-\U0001f3ff])"
    return re.compile(f"(?:{flag}|[{alone.pattern}]|{keycap}|{made}){tail}(?:\u200d{either}{tail})*")
