"""Runs of ASCII letters and digits by WordPiece's rule: the longest entry that the rest begins with, again and again.

In: distinct runs. Out: their tokens as the library finds them, in a fifth of its time; runs with any other character
are asked of the library, for its normaliser may change those.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from zhprep.core.ragged import Ints, offsets_of
from zhprep.vocab.runs import Ask, RunTokens, spread


class LongestEntries:
    """Cuts runs into entries of a WordPiece ``model`` with a ``normalizer``, both as in tokenizer.json, and gives all
    others to ``ask``."""

    def __init__(self, model: dict[str, Any], normalizer: dict[str, Any] | None, ask: Ask) -> None:
        """Raises ``KeyError`` where the model is no whole WordPiece."""
        prefix, self._first = model["continuing_subword_prefix"], model["vocab"]
        self._further = {token[len(prefix) :]: id_ for token, id_ in self._first.items() if token.startswith(prefix)}
        self._unknown = self._first[model["unk_token"]]
        self._most = model["max_input_chars_per_word"]
        self._longest = max(map(len, self._first))
        self._lower = bool((normalizer or {}).get("lowercase"))
        self._apart = bool((normalizer or {}).get("handle_chinese_chars"))
        self._ask = ask

    def ideograph(self, character: str) -> int:
        """Return the id of a Chinese character, which stands apart and has no other form; -1 for any other."""
        if not self._apart or not "\u4e00" <= character <= "\u9fff":
            return -1
        return int(self._first.get(character, self._unknown))

    def encode(self, runs: list[bytes]) -> RunTokens:
        """Return the tokens of ``runs`` (UTF-32, little endian)."""
        ids: list[int] = []
        edges: list[int] = []
        n_tokens = np.zeros(len(runs), np.int64)
        others = []
        for number, run in enumerate(runs):
            text = run[::4]
            if not text.isalnum() or run.count(0) != 3 * len(text):
                others.append(number)
                continue
            before = len(ids)
            self._cut(text.decode("ascii"), ids, edges)
            n_tokens[number] = len(ids) - before
        places = np.array(edges, np.int64).reshape(-1, 2)
        own = RunTokens(n_tokens, np.array(ids, np.int64), places[:, 0], places[:, 1])
        return own if not others else _merged(own, np.array(others), self._ask([runs[number] for number in others]))

    def _cut(self, text: str, ids: list[int], edges: list[int]) -> None:
        """Add the entries of ``text`` to ``ids`` and where they start and stop to ``edges``, one after the other."""
        size, start, n_before = len(text), 0, len(ids)
        if self._lower:
            text = text.lower()
        table = self._first
        while start < size:
            stop = min(size, start + self._longest) if size <= self._most else start
            while stop > start and text[start:stop] not in table:
                stop -= 1
            if stop == start:  # the whole run is unknown
                del ids[n_before:], edges[2 * n_before :]
                ids.append(self._unknown)
                edges += (0, size)
                return
            ids.append(table[text[start:stop]])
            edges += (start, stop)
            start, table = stop, self._further


def _merged(own: RunTokens, others: Ints, asked: RunTokens) -> RunTokens:
    """Return the tokens of all runs, where the runs ``others`` (``int64[M]``) have none of their ``own``."""
    n_tokens = own.n_tokens.copy()
    n_tokens[others] = asked.n_tokens
    theirs = np.zeros(int(n_tokens.sum()), np.bool_)
    theirs[spread(offsets_of(n_tokens)[others], asked.n_tokens)] = True
    columns = np.empty((3, len(theirs)), np.int64)
    columns[:, theirs], columns[:, ~theirs] = asked[1:], own[1:]
    return RunTokens(n_tokens, *columns)
