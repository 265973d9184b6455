"""Drop NUL, which ends a string for half of the world's programs."""

from __future__ import annotations

from zhprep.core.report import Account
from zhprep.normalize.characters import Characters
from zhprep.normalize.config import NormalizeConfig
from zhprep.normalize.text import Text

NUL = Characters.of("\0")


def nul(text: Text, _config: NormalizeConfig, account: Account) -> Text:
    """Drop U+0000."""
    return text.drop(NUL, account, "characters.nul")
