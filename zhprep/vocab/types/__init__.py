"""The types of vocabulary by name. To add one: one file here, one line in ``TYPES``."""

from __future__ import annotations

from zhprep.vocab.kind import Kind
from zhprep.vocab.types import char, wordpiece

TYPES: dict[str, Kind] = {
    "wordpiece": wordpiece.KIND,
    "char": char.KIND,
}
