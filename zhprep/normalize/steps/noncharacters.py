"""Drop code points that are no characters."""

from __future__ import annotations

from zhprep.core.report import Account
from zhprep.normalize.characters import Characters
from zhprep.normalize.config import NormalizeConfig
from zhprep.normalize.text import Text

NONCHARACTERS = Characters(
    ((0xFDD0, 0xFDEF), (0xFFFC, 0xFFFC), *((plane + 0xFFFE, plane + 0xFFFF) for plane in range(0, 0x110000, 0x10000)))
)


def noncharacters(text: Text, _config: NormalizeConfig, account: Account) -> Text:
    """Drop the 66 noncharacters, and U+FFFC, which stands for an object that is not here.

    Lone surrogates need no step: they cannot be written in the UTF-8 that a table holds.
    """
    return text.drop(NONCHARACTERS, account, "characters.noncharacters")
