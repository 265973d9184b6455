"""Sets of characters, as ranges of code points with one lookup table each, built when first asked for."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable
from importlib import resources

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.uint32]
Flags = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.intp]

N_CODES = 0x110000


@dataclasses.dataclass(frozen=True)
class Characters:
    """A set of characters given as inclusive ranges of code points."""

    ranges: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, characters: Iterable[str]) -> Characters:
        """Make a set of single characters and of ranges written as two characters, ``"az"`` for a to z."""
        return cls(tuple((ord(item[0]), ord(item[-1])) for item in characters))

    @functools.cached_property
    def table(self) -> Flags:
        """Which code points belong, indexed by code point."""
        table = np.zeros(N_CODES, np.bool_)
        for first, last in self.ranges:
            table[first : last + 1] = True
        return table

    @functools.cached_property
    def pattern(self) -> str:
        """The set as the inside of a regular expression's brackets."""
        return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in self.ranges)

    def __or__(self, other: Characters) -> Characters:
        return Characters(self.ranges + other.ranges)


HAN = Characters.of(
    ["⺀⿟", "々", "〇", "〡〩", "〸〻", "㐀䶿", "一鿿", "\uf900\ufaff", "\U00020000\U0003ffff"]
)
"""Chinese characters: radicals, the unified and compatibility ideographs of all planes, 々 and 〇."""

CHINESE = HAN | Characters.of(
    ["\u3000〿", "ㄅㄯ", "ㆠㆿ", "︐︙", "︰﹏", "﹐﹫", "！／", "：＠", "［｀", "｛･", "￠￮"]
)
"""What is written without spaces around it: Chinese characters, Bopomofo, CJK and full-width punctuation."""

SHARED_PUNCTUATION = Characters.of("“”‘’…—·‧")
"""Chinese punctuation that Unicode shares with Western scripts; Chinese when what stands beside it is."""


@functools.cache
def emoji() -> tuple[Characters, Characters]:
    """Return two sets: emoji by themselves, and characters that are emoji only when U+FE0F follows."""
    ranges: dict[str, list[tuple[int, int]]] = {"emoji": [], "text": []}
    table = resources.files("zhprep.normalize").joinpath("data/emoji.tsv").read_text(encoding="utf-8")
    for line in table.splitlines():
        if line and not line.startswith("#"):
            first, last, presentation = line.split("\t")
            ranges[presentation].append((int(first, 16), int(last, 16)))
    return Characters(tuple(ranges["emoji"])), Characters(tuple(ranges["text"]))
