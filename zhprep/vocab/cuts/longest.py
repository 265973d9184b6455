"""Runs of ASCII letters and digits by WordPiece's rule: the longest entry that the rest begins with, again and again.

In: runs. Out: their tokens as the library finds them: of distinct runs in a fifth of its time, and where there is a
compiled loop (``longest_loop``), of all runs of a text in less time than to tell the distinct ones. Runs with any other
character are asked of the library, for its normaliser may change those.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from zhprep.core.compiled import Kernel, address
from zhprep.core.ragged import Ints, offsets_of
from zhprep.vocab.codepoints import Points
from zhprep.vocab.cuts import longest_loop
from zhprep.vocab.runs import Ask, RunTokens, merged

_ENCODE = Kernel(longest_loop.encode, longest_loop.SIGNATURE, worth=1 << 19)
_GROW = Kernel(longest_loop.grow, longest_loop.GROW_SIGNATURE, worth=1)  # asked for with the other at hand


class Tries(NamedTuple):
    """Entries as ``longest_loop`` looks them up: ``edges`` int64[E], E a power of two, ``node_ids`` int64[N]."""

    edges: Ints
    node_ids: Ints


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
        return own if not others else merged(own, np.array(others), self._ask([runs[number] for number in others]))

    def find(self, points: Points, starts: Ints, stops: Ints) -> RunTokens | None:
        """Return the tokens of the runs of ``points`` (uint32[N]) at ``starts`` to ``stops`` (int64[R]), and -1 as the
        number of those that are to be asked for; None where there is no compiled loop."""
        room = int((stops - starts).sum())
        loop = _ENCODE.get(room)
        tries = self._tries if loop is not None else None
        if loop is None or tries is None:
            return None
        n_tokens, total = np.empty(len(starts), np.int64), np.zeros(1, np.int64)
        ids, begins, ends = np.empty((3, room), np.int64)
        loop(
            address(points, np.uint32), address(starts, np.int64), address(stops, np.int64), len(starts),
            address(tries.edges, np.int64), len(tries.edges).bit_length() - 1, address(tries.node_ids, np.int64),
            self._lower, self._most, self._unknown,
            address(n_tokens, np.int64), address(ids, np.int64), address(begins, np.int64), address(ends, np.int64),
            address(total, np.int64),
        )  # fmt: skip
        return RunTokens(n_tokens, ids[: total[0]], begins[: total[0]], ends[: total[0]])

    @functools.cached_property
    def _tries(self) -> Tries | None:
        """What the compiled loop looks into; None where it cannot be made."""
        first, further = _plain(self._first), _plain(self._further)
        entries = [*first, *further]
        text = np.frombuffer("".join(entries).encode(), np.uint8)
        grow, edge_bits = _GROW.get(1), (2 * len(text)).bit_length()  # at least half of the places stay free
        if grow is None or len(text) + longest_loop.N_ROOTS > 1 << longest_loop.NODE_BITS:
            return None
        ids = np.array([*first.values(), *further.values()], np.int64)
        offsets = offsets_of(np.array([len(entry) for entry in entries], np.int64))
        edges = np.zeros(1 << edge_bits, np.int64)
        node_ids = np.full(len(text) + longest_loop.N_ROOTS, longest_loop.NONE, np.int64)
        grow(
            address(text, np.uint8), address(offsets, np.int64), len(entries),
            address(ids, np.int64), len(first),
            address(edges, np.int64), edge_bits, address(node_ids, np.int64),
        )  # fmt: skip
        return Tries(edges, node_ids)

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


def _plain(table: dict[str, int]) -> dict[str, int]:
    """Return the entries that a run of ASCII letters and digits may begin with, and their ids."""
    return {entry: id_ for entry, id_ in table.items() if entry.isascii() and entry.isalnum()}
