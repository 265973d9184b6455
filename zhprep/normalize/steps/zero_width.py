"""Drop characters without width, but where they hold an emoji together or a script needs them."""

from __future__ import annotations

import functools

import numpy as np

from zhprep.core.report import Account
from zhprep.normalize.characters import Characters, Flags, Positions, emoji
from zhprep.normalize.config import NormalizeConfig
from zhprep.normalize.text import Text

ALWAYS = Characters.of(
    "\u00ad \u034f \u180e \u200b \u2060-\u2064 \u206a-\u206f \u3164 \uffa0 \ufff9-\ufffb \U0001d173-\U0001d17a"
)
"""Soft hyphen, zero-width space, word joiner, invisible operators, fillers, annotation anchors and their like."""

SELECTORS = Characters.of("\ufe00-\ufe0f \U000e0100-\U000e01ef")
JOINERS = Characters.of("\u200c \u200d")
TAGS = Characters.of("\U000e0001 \U000e0020-\U000e007f")

EMOJI_SELECTORS = Characters.of("\ufe0e \ufe0f")
KEYCAPS = Characters.of("0-9 # *")
FLAG = 0x1F3F4
ZWJ = 0x200D

# Arabic to Myanmar, Khmer to Mongolian, Limbu to Vedic, Phags-pa to Meetei Mayek, Arabic forms, Brahmi's family.
JOINING_SCRIPTS = Characters.of(
    "\u0600-\u109f \u1780-\u18af \u1900-\u1cff \ua800-\uabff \ufb50-\ufdff \ufe70-\ufefc"
    " \U00010a00-\U00011fff \U0001e900-\U0001e95f"
)


def zero_width(text: Text, _config: NormalizeConfig, account: Account) -> Text:
    """Drop what has no width and changes nothing that is read.

    A variation selector stays after an emoji; a joiner stays between two emoji, or after a letter of
    a script whose shapes depend on it; tags stay after the black flag.
    """
    text = text.drop(ALWAYS, account, "characters.zero_width")
    for characters, needed in ((SELECTORS, _selectors), (JOINERS, _joiners), (TAGS, _tags)):
        found = text.found(characters)
        if found.size:
            places = text.places(found)
            text = text.without(places[~needed(text, places)], account, "characters.zero_width")
    return text


@functools.cache
def _pictures() -> Characters:
    alone, with_selector = emoji()
    return alone | with_selector


def _selectors(text: Text, places: Positions) -> Flags:
    """Return which of ``places`` (``int64[N]``) hold a selector after a picture or a key, ``bool[N]``."""
    before = text.at(places - 1)
    flags: Flags = EMOJI_SELECTORS.table[text.codes[places]] & (_pictures().table[before] | KEYCAPS.table[before])
    return flags


def _joiners(text: Text, places: Positions) -> Flags:
    """Return which of ``places`` (``int64[N]``) hold a joiner of pictures or of letters that take one, ``bool[N]``."""
    before, after = text.at(places - 1), text.at(places + 1)
    pictures = _pictures().table
    joins_emoji = (pictures[before] | EMOJI_SELECTORS.table[before]) & pictures[after] & (text.codes[places] == ZWJ)
    flags: Flags = joins_emoji | JOINING_SCRIPTS.table[before]
    return flags


def _tags(text: Text, places: Positions) -> Flags:
    """Return which of ``places`` (``int64[N]``) hold a tag in a run that begins right after the black flag,
    ``bool[N]``."""
    begins = np.diff(places, prepend=-2) > 1
    bases = text.at(places[begins] - 1)
    flags: Flags = (bases == FLAG)[np.cumsum(begins) - 1]
    return flags
