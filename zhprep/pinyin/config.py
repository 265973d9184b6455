"""What ``zhprep extract-pinyin`` may be told."""

from __future__ import annotations

import dataclasses

from zhprep.core.config import setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class PinyinConfig:
    """Settings of the pinyin stage."""

    engine: str = setting("context", "what reads the characters: context, pypinyin, g2pm, g2pw")
    sandhi: bool = setting(False, "write the tones of 一 and 不 as they are spoken, not as in the dictionary")
    via_simplified: bool = setting(True, "read Traditional text through its Simplified form, character for character")
    g2pw_model: str | None = setting(None, "the folder of g2pW's model, for --engine g2pw")
    g2pw_tokenizer: str | None = setting(None, "the folder of bert-base-chinese's vocab.txt, for --engine g2pw")
