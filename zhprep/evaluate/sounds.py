"""How the texts of a task sound, for models that read pinyin.

Words are found and characters read with the settings that the stages have by themselves, through their Simplified
shadow, as in the recipes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from zhprep.collate.rows import Integers
from zhprep.core.report import Account
from zhprep.core.schema import TEXT
from zhprep.pinyin import PinyinConfig
from zhprep.pinyin import build as build_pinyin
from zhprep.segment import SegmentConfig
from zhprep.segment import build as build_segment
from zhprep.vocab.encode import Encoded

Reader = Callable[[list[str], Encoded], Integers]
"""Makes a column of the tokens of texts, int64 ``[T]``."""


def pinyin_reader() -> Reader:
    """Return what reads the syllable of each token that is a single character, 0 for others."""
    segment, read = build_segment(SegmentConfig(via_simplified=True)), build_pinyin(PinyinConfig())

    def pinyin_ids(texts: list[str], encoded: Encoded) -> Integers:
        account = Account()
        text = pa.RecordBatch.from_arrays([pa.array([""]), pa.array([texts], pa.list_(pa.string()))], schema=TEXT)
        syllables = read(segment(text, account), account).column("syllables").flatten()
        first = np.repeat(syllables.offsets.to_numpy()[:-1], np.diff(encoded.sentence_offsets)) + encoded.starts
        single = encoded.stops - encoded.starts == 1
        found = np.zeros(len(first), np.int64)
        found[single] = syllables.flatten().to_numpy()[first[single]]
        return found

    return pinyin_ids


READERS: dict[str, Callable[[], Reader]] = {"pinyin_ids": pinyin_reader}
"""Columns of tokens that a model may need besides the tokens, by name."""
