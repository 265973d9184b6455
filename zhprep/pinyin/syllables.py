"""The inventory of toned syllables: every id of a ``pinyin`` table, and its letters.

A syllable is written with a tone number, 5 for the neutral tone and v for ü (``lv4``). Ids are the line
numbers of ``syllables.txt`` from 1; 0 is "no syllable" (not Chinese, or no reading known). The file is part
of the format: lines may be added at its end, never moved.
"""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

LETTERS = "012345abcdefghijklmnopqrstuvwxyz"
"""ChineseBERT's alphabet, by index: 0 is the padding, then the tones, then the letters."""

WIDTH = 8
"""Letters and tone of one syllable, padded with zeros."""


@functools.cache
def names() -> tuple[str, ...]:
    """Return the syllable of each id; id 0 is the empty string."""
    text = (importlib.resources.files("zhprep.pinyin") / "syllables.txt").read_text(encoding="utf-8")
    return ("", *text.split())


@functools.cache
def ids() -> Mapping[str, int]:
    """Return the id of each syllable, also of the spellings that other tools use.

    ``u:`` and ``ü`` for v, no number for the neutral tone, ``r5`` for the suffix 儿.
    """
    known = {name: number for number, name in enumerate(names()) if number}
    others = {"r5": known["er5"]}
    for name, number in known.items():
        for spelling in {name, name.replace("v", "ü"), name.replace("v", "u:")}:
            others.setdefault(spelling, number)
            if spelling.endswith("5"):
                others.setdefault(spelling[:-1], number)
    return MappingProxyType(others | known)


def spell(syllable: str) -> list[int]:
    """Return the 8 numbers of a syllable: its letters, then its tone.

    A syllable without a number is in the neutral tone; a letter outside the alphabet ends the spelling, as in
    the files of ChineseBERT's authors: ``ê2`` is all zeros.
    """
    toned = syllable if syllable[-1:].isdigit() else f"{syllable}5"
    numbers = []
    for letter in toned[:WIDTH] if syllable else "":
        if letter not in LETTERS:
            break
        numbers.append(LETTERS.index(letter))
    return numbers + [0] * (WIDTH - len(numbers))


@functools.cache
def spellings() -> npt.NDArray[np.uint8]:
    """Return the numbers of every syllable id: uint8 ``[n_syllables + 1, 8]``, zeros for id 0."""
    table = np.array([spell(name) for name in names()], np.uint8)
    table.flags.writeable = False
    return table
