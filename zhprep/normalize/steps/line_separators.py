"""Part sentences at the line breaks that are not line feeds."""

from __future__ import annotations

from zhprep.core.report import Account
from zhprep.normalize.characters import Characters
from zhprep.normalize.config import NormalizeConfig
from zhprep.normalize.text import Text

SEPARATORS = Characters.of("\v \f \r \x85 \u2028 \u2029")


def line_separators(text: Text, _config: NormalizeConfig, account: Account) -> Text:
    """Part sentences at U+2028, U+2029, U+0085, vertical tab, form feed and carriage return."""
    return text.part_at(SEPARATORS, account, "characters.line_separators")
