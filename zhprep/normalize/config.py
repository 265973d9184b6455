"""The knobs of normalisation."""

from __future__ import annotations

import dataclasses

from zhprep.core.config import setting

# Named here and not taken from STEPS, so that the settings load nothing; a test holds the two equal.
STEP_NAMES = (
    "bom", "nul", "line-separators", "control", "bidi", "private-use", "noncharacters", "width", "zero-width", "emoji",
    "html-entities", "unicode-form", "variants", "whitespace", "repeated-punctuation",
)  # fmt: skip

OPENCC_MODES = (
    "s2t", "s2tw", "s2twp", "s2hk", "s2hkp", "t2s", "t2tw", "t2hk", "t2jp",
    "tw2s", "tw2sp", "tw2t", "hk2s", "hk2sp", "hk2t", "jp2t",
)  # fmt: skip


@dataclasses.dataclass(frozen=True, kw_only=True)
class NormalizeConfig:
    """What to clean, and where sentences end."""

    steps: tuple[str, ...] = setting(
        tuple(name for name in STEP_NAMES if name != "repeated-punctuation"),
        "clean-up steps to run; their order is fixed",
        choices=STEP_NAMES,
    )
    unicode_form: str = setting("nfc", "Unicode normal form; nfkc spares punctuation", choices=("nfc", "nfkc", "none"))
    width: str = setting(
        "letters-digits", "full-width forms to fold to ASCII", choices=("letters-digits", "all", "none")
    )
    variants: str = setting("none", "OpenCC conversion", choices=("none", *OPENCC_MODES))
    emoji: str = setting("keep", "what to do with emoji", choices=("keep", "strip", "placeholder"))
    emoji_placeholder: str = setting("[EMOJI]", "what stands for an emoji")
    chinese_spaces: str = setting("remove", "spaces between Chinese characters", choices=("remove", "keep"))
    longest_punctuation_run: int = setting(
        3, "how many equal punctuation marks may follow one another (with the step repeated-punctuation)", minimum=1
    )
    unwrap: bool = setting(False, "join the lines that the width of a page broke, in documents that look so")
    split: bool = setting(True, "split text into sentences")
    split_at_semicolon: bool = setting(True, "let ； end a sentence")
    max_sentence_length: int = setting(
        510, "split longer sentences, at commas if there are any, else at this length", minimum=8
    )
