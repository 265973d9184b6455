"""Drop byte order marks."""

from __future__ import annotations

from zhprep.core.report import Account
from zhprep.normalize.characters import Characters
from zhprep.normalize.config import NormalizeConfig
from zhprep.normalize.text import Text

BOM = Characters.of("\ufeff")


def bom(text: Text, _config: NormalizeConfig, account: Account) -> Text:
    """Drop U+FEFF everywhere: files joined end to end leave it in the middle of a corpus."""
    return text.drop(BOM, account, "characters.bom")
