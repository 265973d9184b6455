"""Tables of words for the merge trainer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from zhprep.vocab.merges import CountedWords


def from_strings(table: dict[str, int], symbols_of: Callable[[str], list[str]]) -> CountedWords:
    """Return a table of words as flat arrays, split into symbols by ``symbols_of``."""
    names: dict[str, int] = {}
    flat: list[int] = []
    offsets = [0]
    for word in table:
        flat.extend(names.setdefault(symbol, len(names)) for symbol in symbols_of(word))
        offsets.append(len(flat))
    counts = np.array(list(table.values()), np.int64)
    return CountedWords(list(names), np.array(flat, np.int32), np.array(offsets, np.int64), counts)
