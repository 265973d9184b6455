"""What ``zhprep extract-pinyin`` may be told."""

from __future__ import annotations

import dataclasses

from zhprep.core.config import setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class PinyinConfig:
    """Settings of the pinyin stage."""

    engine: str = setting("pypinyin", "what reads the characters: pypinyin, g2pm, g2pw")
