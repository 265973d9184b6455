"""Tables of words for the merge trainer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from zhprep.vocab.merges import Words


def from_strings(table: dict[str, int], symbols_of: Callable[[str], list[str]]) -> Words:
    """Return a table of words as flat arrays, split into symbols by ``symbols_of``."""
    names: dict[str, int] = {}
    flat: list[int] = []
    offsets = [0]
    for word in table:
        flat.extend(names.setdefault(symbol, len(names)) for symbol in symbols_of(word))
        offsets.append(len(flat))
    counts = np.array(list(table.values()), np.int64)
    return Words(list(names), np.array(flat, np.int32), np.array(offsets, np.int64), counts)
