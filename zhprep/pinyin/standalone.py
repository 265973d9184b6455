"""Characters that stand as a word by themselves: 地 after a word is the particle de, 只 after a number is zhī.

In: the characters of a batch and which of them are words. Out: what weighs for which syllable there. The rules are the
rows of ``standalone.tsv``; each is one comparison over the places of its character.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from zhprep.pinyin.flat import FlatText, Integers
from zhprep.pinyin.syllables import ids

CHINESE = "字"
"""In a rule: any Chinese character."""

Flags = npt.NDArray[np.bool_]


@dataclasses.dataclass(frozen=True)
class Rule:
    """One row: ``character``, read as ``syllable``, weighs ``weight`` between ``before`` and ``after``."""

    character: int
    syllable: int
    weight: float
    before: str
    after: str


@functools.cache
def rules() -> tuple[Rule, ...]:
    """Return the rows of the table."""
    text = (importlib.resources.files("zhprep.pinyin") / "standalone.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    return tuple(Rule(ord(row[0]), ids()[row[1]], float(row[2]), row[3], row[4]) for row in rows)


def votes(text: FlatText, chinese: Flags) -> Iterator[tuple[Rule, Integers]]:
    """Yield each rule with the places where it applies.

    ``chinese`` bool ``[code points]`` says which characters are Chinese.
    """
    starts, ends = text.word_starts, text.word_ends
    alone = starts[ends - starts == 1]
    standing = text.codes[alone]
    inside = np.ones(len(text.codes) + 1, np.bool_)
    inside[text.sentence_offsets] = False  # what stands before such a place is another sentence's
    for rule in rules():
        places = alone[standing == rule.character]
        if not len(places):
            continue
        applies = np.ones(len(places), np.bool_)
        for wanted, shift, border in ((rule.before, -1, places), (rule.after, 1, places + 1)):
            if wanted:
                neighbours = np.where(inside[border], text.codes[np.clip(places + shift, 0, len(text.codes) - 1)], 0)
                applies &= _is_one_of(neighbours, wanted, chinese)
        if applies.any():
            yield rule, places[applies]


def _is_one_of(codes: npt.NDArray[np.uint32], wanted: str, chinese: Flags) -> Flags:
    """Return which of ``codes`` (``uint32[N]``) are among ``wanted``, ``bool[N]``; ``chinese`` (``bool``, by code
    point) says which are Chinese."""
    if wanted == CHINESE:
        return chinese[codes]
    return np.isin(codes, np.array([ord(character) for character in wanted], np.uint32))
