"""Drop characters of private use."""

from __future__ import annotations

from zhprep.core.report import Account
from zhprep.normalize.characters import Characters
from zhprep.normalize.config import NormalizeConfig
from zhprep.normalize.text import Text

PRIVATE_USE = Characters.of("\ue000-\uf8ff \U000f0000-\U000ffffd \U00100000-\U0010fffd")


def private_use(text: Text, _config: NormalizeConfig, account: Account) -> Text:
    """Drop the characters of category Co: without the font that drew them they mean nothing."""
    return text.drop(PRIVATE_USE, account, "characters.private_use")
