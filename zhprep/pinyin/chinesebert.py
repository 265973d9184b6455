"""The three JSON tables that ChineseBERT's reader takes, in its authors' layout.

In: the entries of a vocabulary. Out: ``pinyin_map`` (the alphabet), ``id2pinyin`` (all readings of every entry) and
``pinyin2tensor`` (the spelling of every syllable, keyed as pypinyin writes it: no number for the neutral tone).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zhprep.pinyin.readings import syllables_of
from zhprep.pinyin.syllables import LETTERS, WIDTH, names, spell, spellings


def pinyin_map() -> dict[str, Any]:
    """Return the 32 letters and tones: ``idx2char`` and its inverse ``char2idx``."""
    return {"idx2char": list(LETTERS), "char2idx": {letter: number for number, letter in enumerate(LETTERS)}}


def id2pinyin(entries: Sequence[str]) -> dict[str, list[list[int]]]:
    """Return for the id of every entry the spellings of its readings, one row of zeros where there is none."""
    none = [[0] * WIDTH]
    return {
        str(number): [spellings()[syllable].tolist() for syllable in syllables_of(entry)] or none
        for number, entry in enumerate(entries)
    }


def pinyin2tensor() -> dict[str, list[int]]:
    """Return the spelling of every syllable of the inventory.

    All are there, not just those of a vocabulary: for a syllable that is missing ChineseBERT's reader spells it
    itself, but leaves the neutral tone out.
    """
    return {name.removesuffix("5"): spell(name) for name in names()[1:]}


def tables(entries: Sequence[str]) -> dict[str, Any]:
    """Return the content of each file by its name."""
    return {
        "pinyin_map.json": pinyin_map(),
        "id2pinyin.json": id2pinyin(entries),
        "pinyin2tensor.json": pinyin2tensor(),
    }
