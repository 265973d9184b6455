"""Drop the characters that steer the direction of writing."""

from __future__ import annotations

from zhprep.core.report import Account
from zhprep.normalize.characters import Characters
from zhprep.normalize.config import NormalizeConfig
from zhprep.normalize.text import Text

BIDI = Characters.of("\u061c \u200e \u200f \u202a-\u202e \u2066-\u2069")


def bidi(text: Text, _config: NormalizeConfig, account: Account) -> Text:
    """Drop the marks, embeddings, overrides and isolates of the bidirectional algorithm."""
    return text.drop(BIDI, account, "characters.bidi")
