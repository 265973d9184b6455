"""What models read of the texts of a task besides characters: where their words end, and how they sound.

Words are found by the segmenter that found those of the instances, which the report of a run has, by a user's lists in
the run (:mod:`zhprep.pretrain.words`); where that is not known, where words came with the text, and in all models that
are not runs of ours, by jieba through the Simplified shadow, as in the recipes.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from zhprep.collate.rows import Integers
from zhprep.core import config as settings
from zhprep.core.errors import DataError, UsageError
from zhprep.core.report import Account
from zhprep.core.schema import TEXT
from zhprep.core.shards import PLAN, check_covered
from zhprep.pinyin import PinyinConfig
from zhprep.pinyin import build as build_pinyin
from zhprep.pretrain import folder
from zhprep.pretrain.words import FILES, LISTS
from zhprep.segment import SegmentConfig, Segmenter
from zhprep.segment import build as build_segment
from zhprep.vocab import Encoded

Reader = Callable[[list[str], Encoded], Integers]
"""Makes a column of the tokens of texts, int64 ``[T]``."""


USUAL = SegmentConfig(via_simplified=True)
"""The segmenter of the recipes."""

GIVEN = "presegmented"
"""The segmenter of words that came with the text: it reads a notation, and finds no words in a text of a task."""


_HASH = re.compile(r"\b[0-9a-f]{16}\b")
"""What a fingerprint says of each file that it has read."""


@dataclasses.dataclass(frozen=True)
class WordSource:
    """What found the words of a run: its segmenter, the fingerprint that this had then (nothing where it is not known),
    and the folder of the run, as messages name it."""

    segment: SegmentConfig = USUAL
    fingerprint: str = ""
    run: str = ""

    def segmenter(self) -> Segmenter:
        """Return the segmenter, loaded.

        Raises ``UsageError`` where one of its files is no longer there, ``DataError`` where one is another now: texts
        would be cut into other words than those that the model has learnt.
        """
        for name in (*LISTS, "model"):
            path = getattr(self.segment, name)
            if self.run and path and os.sep in path and not os.path.exists(path):
                hint = f"put it there again; its segmenter was: {self.fingerprint or self.segment.cws}"
                raise UsageError(f"{self.run}: its words were found with {name} {path}, which is not there", hint=hint)
        made = Segmenter(self.segment)
        then, now = (_HASH.findall(said) for said in (self.fingerprint, made.fingerprint()))
        if self.fingerprint and then != now:
            what = f"{self.run}: its words were found with {self.fingerprint!r}, which is {made.fingerprint()!r} now"
            raise DataError(what, hint="put back the lists, models and versions of then: other words were not learnt")
        return made


def word_source(model: Path) -> WordSource:
    """Return what found the words which the run in the folder ``model`` was trained on, as its report says; the usual
    one where it does not, or where the words came with the text.

    Raises ``DataError`` for a report, or a list of words in the run, that was changed or is gone, ``UsageError`` for
    settings that zhprep does not have.
    """
    report = folder.read_report(model) if (model / PLAN).exists() else {}
    told = report.get("segment")
    if not isinstance(told, dict) or told.get("cws") == GIVEN:
        return WordSource()
    check_covered(model, FILES, hint="copy the whole folder of the run")
    carried = {name: str(model.resolve() / told[name]) for name in LISTS if told.get(name) in FILES}
    segment = settings.build(SegmentConfig, {**told, **carried}, where=str(model))
    return WordSource(segment, str(report.get("segmenter", "")), str(model))


def word_finder(source: WordSource = WordSource()) -> Callable[[pa.Array], Any]:  # frozen
    """Return what tells where the words of texts (strings ``[S]``) end, in code points: list<int32> ``[S]``.

    The segmenter is loaded here, once: its dictionary or model may take seconds.
    """
    stage = build_segment(source.segment, segmenter=source.segmenter())
    return lambda texts: stage(_document(texts), Account()).column("ends").flatten()


def pinyin_reader(source: WordSource) -> Reader:
    """Return what reads the syllable of each token that is a single character, 0 for others."""
    segment = build_segment(source.segment, segmenter=source.segmenter())
    read = build_pinyin(PinyinConfig())

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


READERS: dict[str, Callable[[WordSource], Reader]] = {"pinyin_ids": pinyin_reader}
"""Columns of tokens that a model may need besides the tokens, by name."""


def _document(texts: pa.Array) -> pa.RecordBatch:
    """Return ``texts`` as the sentences of one document."""
    sentences = pa.ListArray.from_arrays(pa.array([0, len(texts)], pa.int32()), texts)
    return pa.RecordBatch.from_arrays([pa.array([""]), sentences], schema=TEXT)
