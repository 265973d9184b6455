"""What models read of the texts of a task besides characters: where their words end, and how they sound.

Words are found by the segmenter that found those of the instances, which the report of a run has; where that is not
known, where words came with the text, and in all models that are not runs of ours, by jieba through the Simplified
shadow, as in the recipes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from zhprep.collate.rows import Integers
from zhprep.core import config as settings
from zhprep.core.report import Account
from zhprep.core.schema import TEXT
from zhprep.core.shards import PLAN
from zhprep.pinyin import PinyinConfig
from zhprep.pinyin import build as build_pinyin
from zhprep.pretrain import folder
from zhprep.segment import SegmentConfig
from zhprep.segment import build as build_segment
from zhprep.vocab import Encoded

Reader = Callable[[list[str], Encoded], Integers]
"""Makes a column of the tokens of texts, int64 ``[T]``."""


USUAL = SegmentConfig(via_simplified=True)
"""The segmenter of the recipes."""

GIVEN = "presegmented"
"""The segmenter of words that came with the text: it reads a notation, and finds no words in a text of a task."""


def segment_of(model: Path) -> SegmentConfig:
    """Return the segmenter that found the words which the run in the folder ``model`` was trained on, as its report
    says; :data:`USUAL` where it does not, or where the words came with the text.

    Raises ``DataError`` for a report that was changed, ``UsageError`` for settings that zhprep does not have.
    """
    told = folder.read_report(model).get("segment") if (model / PLAN).exists() else None
    found = settings.build(SegmentConfig, told, where=str(model)) if isinstance(told, dict) else USUAL
    return USUAL if found.cws == GIVEN else found


def word_finder(segment: SegmentConfig = USUAL) -> Callable[[pa.Array], Any]:
    """Return what tells where the words of texts (strings ``[S]``) end, in code points: list<int32> ``[S]``.

    The segmenter is loaded here, once: its dictionary or model may take seconds.
    """
    stage = build_segment(segment)
    return lambda texts: stage(_document(texts), Account()).column("ends").flatten()


def pinyin_reader(segmenter: SegmentConfig) -> Reader:
    """Return what reads the syllable of each token that is a single character, 0 for others."""
    segment, read = build_segment(segmenter), build_pinyin(PinyinConfig())

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


READERS: dict[str, Callable[[SegmentConfig], Reader]] = {"pinyin_ids": pinyin_reader}
"""Columns of tokens that a model may need besides the tokens, by name."""


def _document(texts: pa.Array) -> pa.RecordBatch:
    """Return ``texts`` as the sentences of one document."""
    sentences = pa.ListArray.from_arrays(pa.array([0, len(texts)], pa.int32()), texts)
    return pa.RecordBatch.from_arrays([pa.array([""]), sentences], schema=TEXT)
