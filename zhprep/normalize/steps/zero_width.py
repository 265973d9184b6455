"""Drop characters without width, but where they hold an emoji together or a script needs them."""

from __future__ import annotations

import numpy as np

from zhprep.core.report import Account
from zhprep.normalize.characters import Characters, Flags, emoji
from zhprep.normalize.config import NormalizeConfig
from zhprep.normalize.text import LINE, Text

ALWAYS = Characters.of(
    ["\u00ad", "\u034f", "\u180e", "\u200b", "\u2060\u2064", "\u206a\u206f", "\u3164", "\ufeff", "\uffa0"]
    + ["\ufff9\ufffb", "\U0001d173\U0001d17a"]
)
"""Soft hyphen, zero-width space, word joiner, inner byte order mark, fillers, annotation anchors and their like."""

SELECTORS = Characters.of(["\ufe00\ufe0f", "\U000e0100\U000e01ef"])
JOINERS = Characters.of("\u200c\u200d")
TAGS = Characters.of(["\U000e0001", "\U000e0020\U000e007f"])

EMOJI_SELECTORS = Characters.of(["\ufe0e\ufe0f"])
KEYCAPS = Characters.of(["09", "#", "*"])
FLAG = 0x1F3F4

# Arabic to Myanmar, Khmer to Mongolian, Limbu to Vedic, Phags-pa to Meetei Mayek, Arabic forms, Brahmi's family.
JOINING_SCRIPTS = Characters.of(
    ["\u0600\u109f", "\u1780\u18af", "\u1900\u1cff", "\ua800\uabff", "\ufb50\ufdff", "\ufe70\ufefc"]
    + ["\U00010a00\U00011fff", "\U0001e900\U0001e95f"]
)


def zero_width(text: Text, config: NormalizeConfig, account: Account) -> Text:
    """Drop what has no width and changes nothing that is read.

    A variation selector stays after an emoji; a joiner stays between two emoji, or after a letter of
    a script whose shapes depend on it; tags stay after the black flag.
    """
    text = text.drop_all(ALWAYS, account, "characters.zero_width")
    for characters, needed in ((SELECTORS, _selectors), (JOINERS, _joiners), (TAGS, _tags)):
        found = text.found(characters)
        if found.size:
            places = text.where(found)
            text = text.drop(places & ~needed(text, places), account, "characters.zero_width")
    return text


def _selectors(text: Text, places: Flags) -> Flags:
    alone, with_selector = emoji()
    bases = (alone | with_selector | KEYCAPS).table
    return EMOJI_SELECTORS.table[text.codes] & bases[_shifted(text, 1)]


def _joiners(text: Text, places: Flags) -> Flags:
    alone, with_selector = emoji()
    pictures = alone | with_selector
    before, after = _shifted(text, 1), _shifted(text, -1)
    between_emoji = (pictures | EMOJI_SELECTORS).table[before] & pictures.table[after]
    return between_emoji & (text.codes == 0x200D) | JOINING_SCRIPTS.table[before]


def _tags(text: Text, places: Flags) -> Flags:
    """Return the tags whose run begins right after the black flag."""
    index = np.arange(text.codes.size)
    base = np.maximum.accumulate(np.where(places, 0, index))
    flags: Flags = text.codes[base] == FLAG
    return flags


def _shifted(text: Text, by: int) -> np.ndarray:
    """Return, for each place, the code point ``by`` places before it (after it if negative); a mark beyond the ends."""
    codes = np.roll(text.codes, by)
    if codes.size:
        codes[0 if by > 0 else -1] = LINE
    return codes
