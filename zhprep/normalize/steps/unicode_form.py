"""Bring text into a Unicode normal form."""

from __future__ import annotations

import functools
import re
import unicodedata

import numpy as np

from zhprep.core.report import Account
from zhprep.normalize.characters import HAN, Characters, Codes
from zhprep.normalize.config import NormalizeConfig
from zhprep.normalize.text import Text, is_mark

# What NFKC must not touch: the full-width block (the width step's business) and CJK's space and punctuation.
_KEPT_BLOCKS = Characters.of("\u3000-〿 ︐-︙ ︰-﹏ ﹐-﹫ ！-｠ ￠-￦")


def unicode_form(text: Text, config: NormalizeConfig, account: Account) -> Text:
    """Normalise to NFC, or to NFKC except for punctuation.

    Only the few places are touched where a character stands that a normal form could change.
    """
    if config.unicode_form == "none":
        return text
    form = config.unicode_form
    active = np.array([code for code in _doubtful(text.alphabet) if not _inert(chr(code), form)], np.uint32)
    if not active.size:
        return text
    starts, stops = _units(text, active)
    string = text.string
    units = [string[start:stop] for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)]
    forms = [_normalized(unit, form) for unit in units]
    changed = np.flatnonzero([unit != new for unit, new in zip(units, forms, strict=True)])
    account.change("characters.unicode_form", changed.size)
    pieces = [forms[i] for i in changed]
    return text.replace(starts[changed], stops[changed], pieces, account, "characters.unicode_form")


def _doubtful(alphabet: Codes) -> list[int]:
    """Return the code points ``uint32[N]`` without those known to be inert in every form: ASCII and unified Han."""
    compatible = (alphabet >= 0xF900) & (alphabet < 0xFB00) | (alphabet >= 0x2F800) & (alphabet < 0x2FA20)
    radicals = (alphabet >= 0x2E80) & (alphabet < 0x2FE0) | (alphabet >= 0x3038) & (alphabet < 0x303B)
    unified = HAN.table[alphabet] & ~compatible & ~radicals
    doubtful: list[int] = alphabet[(alphabet >= 0x80) & ~unified & ~is_mark(alphabet)].tolist()
    return doubtful


@functools.lru_cache(maxsize=1 << 16)
def _inert(character: str, form: str) -> bool:
    """Tell whether ``character`` is its own form and never joins or passes the one before it."""
    joins = unicodedata.category(character)[0] == "M" or "\u1160" <= character <= "\u11ff"
    return not joins and not "\U00016d60" <= character <= "\U00016d6f" and _normalized(character, form) == character


def _units(text: Text, active: Codes) -> tuple[np.ndarray, np.ndarray]:
    """Return where the pieces begin and end (``intp[N]`` both) that normalise by themselves: runs of active characters
    and the one before."""
    places = text.places(active)
    begins = np.diff(places, prepend=-2) > 1
    ends = np.append(begins[1:], True)[: places.size]
    starts, stops = places[begins], places[ends] + 1
    return starts - ~is_mark(text.at(starts - 1)), stops


def _normalized(unit: str, form: str) -> str:
    if form == "nfc":
        return unicodedata.normalize("NFC", unit)
    folded = "".join(char if _kept(char) else unicodedata.normalize("NFKC", char) for char in unit)
    return unicodedata.normalize("NFC", folded)


@functools.lru_cache(maxsize=1 << 16)
def _kept(character: str) -> bool:
    """Tell whether restricted NFKC leaves ``character`` alone: punctuation, or what would gain a space."""
    return (
        bool(_KEPT_BLOCKS.table[ord(character)])
        or unicodedata.category(character)[0] == "P"
        or re.match(r"\s", unicodedata.normalize("NFKC", character)) is not None
    )
