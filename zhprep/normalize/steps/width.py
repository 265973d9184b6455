"""Fold full-width forms."""

from __future__ import annotations

from zhprep.core.report import Account
from zhprep.normalize.config import NormalizeConfig
from zhprep.normalize.text import Text

_SHIFT = ord("！") - ord("!")

_ALL = {code: code - _SHIFT for code in range(ord("！"), ord("～") + 1)} | {ord("\u3000"): ord(" ")}

TABLES = {
    "letters-digits": {code: ascii_code for code, ascii_code in _ALL.items() if chr(ascii_code).isalnum()}
    | {ord("\u3000"): ord(" ")},
    "all": _ALL,
    "none": {},
}


def width(text: Text, config: NormalizeConfig, account: Account) -> Text:
    """Fold full-width letters, digits and space to ASCII; ，。？！：；（） stay unless all is asked for."""
    return text.translate(TABLES[config.width], account, "characters.width")
