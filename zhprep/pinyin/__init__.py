"""Pinyin: how each character sounds where it stands.

In: the ``words`` table. Out: the ``pinyin`` table, with a syllable id per code point, 0 where there is none, so
that nothing that is not Chinese ever shifts the alignment. ChineseBERT, §3.2 (arXiv 2106.16038).

    syllables.py    the inventory: ids, names, letters
    flat.py         a batch as flat arrays
    engines/        what reads the characters
    traditional.py  Traditional text, read through its Simplified shadow
    tones.py        the tones of 一 and 不
    words.py        words that are looked up once each
    phrases.py      pypinyin's dictionaries as arrays
    network.py      what reads polyphones in their sentence; weights/ are its numbers
    standalone.py   rules for characters that are words by themselves
    corrections.py  words that phrases and network get wrong
    readings.py     readings of vocabulary entries and of masked tokens
    chinesebert.py  the tables that ChineseBERT's reader takes
    score.py        how well an engine reads a gold standard
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.core.registry import lookup
from zhprep.core.report import Account
from zhprep.pinyin.config import PinyinConfig
from zhprep.pinyin.engines import ENGINES, PinyinEngine
from zhprep.pinyin.flat import FlatText, flatten, unflatten
from zhprep.pinyin.phrases import PhraseReadings
from zhprep.pinyin.tones import citation, spoken
from zhprep.pinyin.traditional import read_shadow, shadow_of
from zhprep.vocab import IDEOGRAPHS

__all__ = ["ENGINES", "FlatText", "PinyinConfig", "PinyinEngine", "PinyinStage", "build"]


class PinyinStage:
    """The stage: ``words`` batch -> ``pinyin`` batch."""

    def __init__(self, engine: PinyinEngine, config: PinyinConfig) -> None:
        self.engine = engine
        self._config = config

    def read(self, text: FlatText) -> npt.NDArray[np.uint16]:
        """Return the syllable id of every code point, uint16 ``[N]``: what the engine reads, as the config has it."""
        shadow = shadow_of(text) if self._config.via_simplified else text
        syllables = read_shadow(text, shadow, self.engine.read)
        if self._config.sandhi:
            return spoken(text, shadow, syllables, PhraseReadings.load().first)
        return citation(text, syllables)

    def __call__(self, batch: pa.RecordBatch, account: Account) -> pa.RecordBatch:
        """Return ``batch`` with the syllables of its characters.

        Counts ``syllables``, and as ``unread_characters`` the Chinese characters that no reading is known of.
        """
        text = flatten(batch)
        syllables = self.read(text)
        silent = text.codes[syllables == 0]
        unread = sum(np.count_nonzero((silent >= low) & (silent <= high)) for low, high in IDEOGRAPHS)
        account.count(syllables=int(np.count_nonzero(syllables)), unread_characters=int(unread))
        return unflatten(batch, text, syllables)


def build(config: PinyinConfig) -> PinyinStage:
    """Make the stage.

    Raises ``UsageError`` for an engine that does not exist or is not installed.
    """
    return PinyinStage(lookup(ENGINES, config.engine, "pinyin engine")(config), config)
