"""Drop control characters."""

from __future__ import annotations

from zhprep.core.report import Account
from zhprep.normalize.characters import Characters
from zhprep.normalize.config import NormalizeConfig
from zhprep.normalize.text import Text

CONTROL = Characters.of("\0-\x08 \x0b-\x1f \x7f-\x9f")  # category Cc without tab and line feed


def control(text: Text, _config: NormalizeConfig, account: Account) -> Text:
    """Drop the characters of category Cc, but for tab (white space) and line feed (parts sentences)."""
    return text.drop(CONTROL, account, "characters.control")
