"""Words that a user's dictionary forces, found as pkuseg finds them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt


class ForcedWords:
    """The words of a user's dictionary, in a trie of dicts."""

    def __init__(self, words: Iterable[str]) -> None:
        self._root: dict[str, dict] = {}  # type: ignore[type-arg]
        for word in words:
            node = self._root
            for character in word:
                node = node.setdefault(character, {})
            node[""] = {}

    def find(self, text: str, inside: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
        """Return where forced words begin and end in the fragments of ``text`` (stretches of ``inside``)."""
        edges = np.flatnonzero(np.diff(inside, prepend=False, append=False)).tolist()
        found = []
        for start, stop in zip(edges[::2], edges[1::2], strict=True):
            place = start
            while place < stop:
                end = self._match(text, place, stop)
                if end > place:
                    found.append((place, end))
                place = max(end, place + 1)
        return found

    def _match(self, text: str, start: int, stop: int) -> int:
        """Return the end of the forced word at ``start``, or ``start``.

        When the trie goes on after a word and then fails, pkuseg takes the characters up to the failure
        with the word; at the end of a fragment it takes the word alone. So do we.
        """
        node, longest = self._root, start
        for place in range(start, stop):
            if text[place] not in node:
                return place if longest > start else start
            node = node[text[place]]
            if "" in node:
                longest = place + 1
        return longest
