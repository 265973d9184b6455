"""The types of vocabulary by name. To add one: one file here, one line in ``TYPES``."""

from __future__ import annotations

from zhprep.vocab.kind import Kind
from zhprep.vocab.types import bbpe, char, mixed, unigram, word, wordpiece

TYPES: dict[str, Kind] = {
    "wordpiece": wordpiece.KIND,
    "bbpe": bbpe.KIND,
    "char": char.KIND,
    "word": word.KIND,
    "mixed": mixed.KIND,
    "unigram": unigram.KIND,
}
