"""Sets of characters, as ranges of code points with one lookup table each, built when first asked for."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import numpy.typing as npt

from zhprep.core.bundled import packaged

Codes = npt.NDArray[np.uint32]
Flags = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.intp]

N_CODES = 0x110000


@dataclasses.dataclass(frozen=True)
class Characters:
    """A set of characters given as inclusive ranges of code points."""

    ranges: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, items: str) -> Characters:
        """Make a set of characters and of ranges (``a-z``), with one space between them."""
        return cls(tuple((ord(item[0]), ord(item[-1])) for item in items.split(" ")))

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

    @property
    def codes(self) -> list[int]:
        """The code points of the set."""
        return [code for first, last in self.ranges for code in range(first, last + 1)]

    def __or__(self, other: Characters) -> Characters:
        return Characters(self.ranges + other.ranges)


WHITE_SPACE = Characters.of("\t \u00a0 \u1680 \u2000-\u200a \u202f \u205f \u3000")
"""Tab and the separators of category Zs, without the space itself."""

HAN = Characters.of("⺀-⿟ 々 〇 〡-〩 〸-〻 㐀-䶿 一-鿿 \uf900-\ufaff \U00020000-\U0003ffff")
"""Chinese characters: radicals, the unified and compatibility ideographs of all planes, 々 and 〇."""

CHINESE = HAN | Characters.of("\u3000-〩 〰-〿 ㄅ-ㄯ ㆠ-ㆿ ︐-︙ ︰-﹏ ﹐-﹫ ！-／ ：-＠ ［-｀ ｛-･ ￠-￮")
"""What is written without spaces around it: Chinese characters, Bopomofo, CJK and full-width punctuation."""

SHARED_PUNCTUATION = Characters.of("“ ” ‘ ’ … — · ‧")
"""Chinese punctuation that Unicode shares with Western scripts; Chinese when what stands beside it is."""


@functools.cache
def emoji() -> tuple[Characters, Characters]:
    """Return two sets: emoji by themselves, and characters that are emoji only when U+FE0F follows."""
    ranges: dict[str, list[tuple[int, int]]] = {"emoji": [], "text": []}
    table = packaged("normalize/data/emoji.tsv")
    for line in table.splitlines():
        if line and not line.startswith("#"):
            first, last, presentation = line.split("\t")
            ranges[presentation].append((int(first, 16), int(last, 16)))
    return Characters(tuple(ranges["emoji"])), Characters(tuple(ranges["text"]))
