"""Cut sentences that are longer than an instance, at word borders.

In: a window. Out: the same window with more sentences, none longer than the limit.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from zhprep.core.ragged import Ints
from zhprep.instances.layout.window import Window


def cut_long(window: Window, limit: int) -> tuple[Window, int]:
    """Cut every sentence of more than ``limit`` tokens at the last word border that keeps it within.

    A word that is itself longer is cut where the limit falls. Returns the window and how many
    sentences were cut; no token is lost.
    """
    long = np.flatnonzero(np.diff(window.sentences) > limit)
    if not len(long):
        return window, 0
    cuts: list[int] = []
    for sentence in long.tolist():
        start, stop = window.sentences[sentence : sentence + 2].tolist()
        cuts += cuts_between(window.tokens.borders, start, stop, limit)
    sentences = np.sort(np.concatenate([window.sentences, np.array(cuts, np.int64)]))
    documents = np.searchsorted(sentences, window.document_tokens)
    return dataclasses.replace(window, sentences=sentences, documents=documents), len(long)


def cuts_between(borders: Ints, start: int, stop: int, limit: int) -> list[int]:
    """Return where the tokens from ``start`` to ``stop`` are cut so that no part is longer than ``limit``."""
    cuts = []
    while stop - start > limit:
        border = int(borders[np.searchsorted(borders, start + limit, side="right") - 1])
        start = border if border > start else start + limit
        cuts.append(start)
    return cuts
