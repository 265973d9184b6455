"""The knobs of the ``segment`` stage."""

from __future__ import annotations

import dataclasses

from zhprep.core.config import setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class SegmentConfig:
    """What cuts the text into words, and with which dictionary."""

    cws: str = setting("jieba", "segmenter: a name (see `zhprep parts`) or package.module:Class")
    hmm: bool = setting(True, "jieba: find words that are not in the dictionary with the hidden Markov model")
    user_dictionary: str | None = setting(
        None, "file of your words, one a line: word [count] [tag]; a tab ends a word with spaces"
    )
    whole_letters: bool = setting(
        False, "keep letters of an alphabet together (Müller, Привет), whatever the segmenter does; so in parallel text"
    )
    whole_emoji: bool = setting(
        True, "keep joined emoji (skin tones, flags, families) together, whatever the segmenter does"
    )
    via_simplified: bool = setting(
        False, "read Traditional text as Simplified to find the words of the text as written"
    )
    lexicon: str | None = setting(
        None, "max-match: file of words, one a line: word [count]; a tab ends a word with spaces"
    )
    model: str | None = setting(None, "pkuseg, thulac, ltp, hanlp: folder of the model")
