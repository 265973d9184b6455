"""Words whose reading pypinyin's phrases lack or have otherwise: 还款 huán, 隆重 zhòng, 支持率 lǜ.

In: a word. Out: the syllables that ``corrections.tsv`` gives to its characters. The table is what users of such tools
reported, and what jieba's words showed beside other dictionaries; a row says where it comes from.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.resources
from collections import defaultdict

from zhprep.pinyin.syllables import ids

ENDING = "*"
"""Before a character in the table: two characters or more."""


class Corrections:
    """The rows of the table: ``characters`` are those it corrects; ``sha256`` is the file's."""

    def __init__(self, table: str) -> None:
        self.sha256 = hashlib.sha256(table.encode()).hexdigest()
        self.characters: set[str] = set()
        self._words: defaultdict[str, dict[int, int]] = defaultdict(dict)
        self._endings: dict[str, int] = {}
        for line in table.splitlines():
            if line.startswith("#"):
                continue
            character, syllable, words, _found = line.split("\t")
            self.characters.add(character)
            for word in words.split():
                if word.startswith(ENDING):
                    self._endings[character] = ids()[syllable]
                else:
                    places = (place for place, found in enumerate(word) if found == character)
                    self._words[word].update(dict.fromkeys(places, ids()[syllable]))
        self._longest = max(map(len, self._words), default=0)

    @classmethod
    @functools.cache
    def load(cls) -> Corrections:
        """Return the table that travels with zhprep."""
        return cls((importlib.resources.files("zhprep.pinyin") / "corrections.tsv").read_text(encoding="utf-8"))

    def __contains__(self, word: str) -> bool:
        return word in self._words

    def correct(self, word: str, found: list[int]) -> list[int]:
        """Return the syllables ``found`` of a word, 0 where none is known, as the table corrects them.

        Its words are found by forward maximum match, as pypinyin's phrases are. An ending only fills what is unknown.
        """
        result = list(found)
        if len(word) > 2:
            result[-1] = result[-1] or self._endings.get(word[-1], 0)
        start = 0
        while start < len(word) - 1:
            sizes = range(min(self._longest, len(word) - start), 1, -1)
            size = next((size for size in sizes if word[start : start + size] in self._words), 1)
            for place, syllable in self._words.get(word[start : start + size], {}).items():
                result[start + place] = syllable
            start += size
        return result
