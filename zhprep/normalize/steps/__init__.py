"""The steps of normalisation, in the order in which they run; each file is one step.

What looks at single characters comes before what looks at their neighbours: １ and U+20E3 are an emoji once １ is 1.

A step takes a :class:`~zhprep.normalize.text.Text` and returns another, or the very same if it had nothing to
do, and counts in the account what it dropped, changed and inserted. To add one: write its file, add its line.
"""

from __future__ import annotations

from collections.abc import Callable

from zhprep.core.report import Account
from zhprep.normalize.config import NormalizeConfig
from zhprep.normalize.steps.bidi import bidi
from zhprep.normalize.steps.bom import bom
from zhprep.normalize.steps.control import control
from zhprep.normalize.steps.emoji import emoji
from zhprep.normalize.steps.html_entities import html_entities
from zhprep.normalize.steps.line_separators import line_separators
from zhprep.normalize.steps.noncharacters import noncharacters
from zhprep.normalize.steps.nul import nul
from zhprep.normalize.steps.private_use import private_use
from zhprep.normalize.steps.repeated_punctuation import repeated_punctuation
from zhprep.normalize.steps.unicode_form import unicode_form
from zhprep.normalize.steps.variants import variants
from zhprep.normalize.steps.whitespace import whitespace
from zhprep.normalize.steps.width import width
from zhprep.normalize.steps.zero_width import zero_width
from zhprep.normalize.text import Text

Step = Callable[[Text, NormalizeConfig, Account], Text]

STEPS: dict[str, Step] = {
    "bom": bom,
    "nul": nul,
    "line-separators": line_separators,
    "control": control,
    "bidi": bidi,
    "private-use": private_use,
    "noncharacters": noncharacters,
    "width": width,
    "zero-width": zero_width,
    "emoji": emoji,
    "html-entities": html_entities,
    "unicode-form": unicode_form,
    "variants": variants,
    "whitespace": whitespace,
    "repeated-punctuation": repeated_punctuation,
}

REWRITING = ("html-entities", "unicode-form", "variants")
"""The steps whose results may be work for the steps before them; the others stand where theirs are not."""
