"""What models read of the texts of a task besides characters: where their words end, and how they sound.

Words are found and characters read with the settings that the stages have by themselves, through their Simplified
shadow, as in the recipes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from zhprep.collate.rows import Integers
from zhprep.core.report import Account
from zhprep.core.schema import TEXT
from zhprep.pinyin import PinyinConfig
from zhprep.pinyin import build as build_pinyin
from zhprep.segment import SegmentConfig
from zhprep.segment import build as build_segment
from zhprep.vocab import Encoded

Reader = Callable[[list[str], Encoded], Integers]
"""Makes a column of the tokens of texts, int64 ``[T]``."""


def words_of(texts: pa.Array) -> Any:
    """Return where the words of ``texts`` (strings ``[S]``) end, in code points: list<int32> ``[S]``."""
    return build_segment(SegmentConfig(via_simplified=True))(_document(texts), Account()).column("ends").flatten()


def pinyin_reader() -> Reader:
    """Return what reads the syllable of each token that is a single character, 0 for others."""
    segment, read = build_segment(SegmentConfig(via_simplified=True)), build_pinyin(PinyinConfig())

    def pinyin_ids(texts: list[str], encoded: Encoded) -> Integers:
        account = Account()
        text = _document(pa.array(texts, pa.string()))
        syllables = read(segment(text, account), account).column("syllables").flatten()
        first = np.repeat(syllables.offsets.to_numpy()[:-1], np.diff(encoded.sentence_offsets)) + encoded.starts
        single = encoded.stops - encoded.starts == 1
        found = np.zeros(len(first), np.int64)
        found[single] = syllables.flatten().to_numpy()[first[single]]
        return found

    return pinyin_ids


READERS: dict[str, Callable[[], Reader]] = {"pinyin_ids": pinyin_reader}
"""Columns of tokens that a model may need besides the tokens, by name."""


def _document(texts: pa.Array) -> pa.RecordBatch:
    """Return ``texts`` as the sentences of one document."""
    sentences = pa.ListArray.from_arrays(pa.array([0, len(texts)], pa.int32()), texts)
    return pa.RecordBatch.from_arrays([pa.array([""]), sentences], schema=TEXT)
