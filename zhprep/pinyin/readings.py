"""The readings of vocabulary entries.

In: the entries of a vocabulary. Out: every reading of each one-character entry as syllable ids, ragged. From these a
token that is put in another's place gets one of its own readings; the mask token has none (ChineseBERT's dynamic
masking).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from zhprep.core import rng
from zhprep.core.registry import require
from zhprep.pinyin.syllables import ids, spellings

Syllables = npt.NDArray[np.uint16]
Integers = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Readings:
    """``syllables[offsets[id] : offsets[id + 1]]`` are the readings of a token, uint16, the usual one first."""

    offsets: Integers
    syllables: Syllables

    @classmethod
    def of(cls, entries: Sequence[str]) -> Readings:
        """Return the readings of entries of one Chinese character (a leading ``##`` aside), none for others."""
        rows = [syllables_of(entry) for entry in entries]
        offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows], dtype=np.int64)])
        return cls(offsets, np.array([number for row in rows for number in row], np.uint16))

    def draw(self, token_ids: Integers, random: rng.Bits) -> Syllables:
        """Return one reading of each token, each with the same chance, 0 for a token that has none."""
        first, count = self.offsets[token_ids], np.diff(self.offsets)[token_ids]
        result = np.zeros(len(token_ids), np.uint16)
        known = np.flatnonzero(count)
        chosen = first[known] + rng.below(random[known], count[known])
        result[known] = self.syllables[chosen]
        return result


def syllables_of(entry: str) -> list[int]:
    """Return the ids of the readings of one entry, in pypinyin's order, each once."""
    character = entry.removeprefix("##") if len(entry) > 1 else entry
    if len(character) != 1:
        return []
    package = require("pypinyin", purpose="the readings of a vocabulary", install="pypinyin")
    found = package.pinyin(
        character, style=package.Style.TONE3, heteronym=True, neutral_tone_with_five=True, errors="ignore"
    )
    return list(dict.fromkeys(ids()[reading] for reading in found[0])) if found else []


def spelt(syllables: npt.NDArray[np.integer]) -> npt.NDArray[np.uint8]:
    """Return the letters and tone of each syllable, uint8 ``[…, 8]``, as ChineseBERT's embedding takes them."""
    letters: npt.NDArray[np.uint8] = spellings()[syllables]
    return letters
