"""WordPiece's rule over runs of ASCII letters and digits, as loops to be compiled (``core.compiled``).

In: code points, where runs are in them, and the entries of a vocabulary. Out: the tokens of each run. The entries are
paths of two tries, of those that begin a run and of those that go on with one. Their edges are in one hash table: the
node that an edge leaves, its character and the node that it leads to, in one number. Integers are int64 but where they
are hashed (uint64).
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from zhprep.core.compiled import Signature

GROW_SIGNATURE = Signature(
    *("uint8*", "int64*", "int64"),  # entries, where they begin and the last ends, how many there are
    *("int64*", "int64"),  # their ids, how many of them begin a run
    *("int64*", "int64", "int64*"),  # what is written: edges, of a binary logarithm of places, and the ids of nodes
)
"""Types of the arguments of :func:`grow`."""

SIGNATURE = Signature(
    *("uint32*", "int64*", "int64*", "int64"),  # code points, where runs start and stop, how many there are
    *("int64*", "int64", "int64*"),  # what :func:`grow` wrote
    *("bool", "int64", "int64"),  # capitals as small letters or not, the longest run to be cut, the id of unknown ones
    *("int64*", "int64*", "int64*", "int64*", "int64*"),  # what is written: as in RunTokens, and how many tokens
)
"""Types of the arguments of :func:`encode`."""

FIRST, FURTHER = range(2)
"""The nodes that are roots: of entries at the beginning of a run, and after it."""

N_ROOTS = 2

NONE = -1
"""The id of a node where no entry ends, and the number of tokens of a run that has any other character."""

NODE_BITS, _CHARACTER_BITS = 24, 7
_NODE = (1 << NODE_BITS) - 1

_FACTOR, _MASK = np.uint64(0x9E3779B1), np.uint64(0xFFFFFFFF)
_ZERO, _NINE, _A, _Z, _UPPER_A, _UPPER_Z = map(ord, "09azAZ")

Int: TypeAlias = Any
Bool: TypeAlias = Any


def grow(
    entries: Any, offsets: Any, n_entries: Int, entry_ids: Any, n_first: Int, edges: Any, edge_bits: Int, node_ids: Any
) -> None:
    """Put the entries into the tries, which hold none (edges of 0, ids ``NONE``)."""
    n_nodes = np.int64(N_ROOTS)
    for entry in range(n_entries):
        node = np.int64(FIRST if entry < n_first else FURTHER)
        for place in range(offsets[entry], offsets[entry + 1]):
            key = node << _CHARACTER_BITS | np.int64(entries[place])
            slot = _slot(edges, edge_bits, key)
            if edges[slot] == 0:
                edges[slot] = key << NODE_BITS | n_nodes
                n_nodes += 1
            node = np.int64(edges[slot]) & _NODE
        node_ids[node] = entry_ids[entry]


def encode(
    points: Any, starts: Any, stops: Any, n_runs: Int, edges: Any, edge_bits: Int, node_ids: Any,
    lower: Bool, longest: Int, unknown: Int, n_tokens: Any, ids: Any, begins: Any, ends: Any, total: Any,
) -> None:  # fmt: skip
    """Write the tokens of each run."""
    written = np.int64(0)
    for run in range(n_runs):
        start, stop = np.int64(starts[run]), np.int64(stops[run])
        if not _is_plain(points, start, stop):
            n_tokens[run] = NONE
            continue
        before, place, root = written, start, np.int64(FIRST)
        while place < stop:
            node, at, found, end = root, place, np.int64(NONE), place
            while at < stop and stop - start <= longest:
                node = _step(edges, edge_bits, node, _folded(np.int64(points[at]), lower))
                if node == NONE:
                    break
                at += 1
                if node_ids[node] != NONE:
                    found, end = np.int64(node_ids[node]), at
            if found == NONE:  # the whole run is unknown
                written, place, found, end = before, start, np.int64(unknown), stop
            ids[written], begins[written], ends[written] = found, place - start, end - start
            written += 1
            place, root = end, np.int64(FURTHER)
        n_tokens[run] = written - before
    total[0] = written


def _step(edges: Any, edge_bits: Int, node: Int, character: Int) -> Int:
    """Return the node that ``character`` leads to from ``node``, or ``NONE``."""
    edge = np.int64(edges[_slot(edges, edge_bits, node << _CHARACTER_BITS | character)])
    return edge & _NODE if edge != 0 else np.int64(NONE)


def _slot(edges: Any, edge_bits: Int, key: Int) -> Int:
    """Return where the edge of ``key`` is or belongs."""
    slot = np.int64((np.uint64(key) * _FACTOR & _MASK) >> np.uint64(32 - edge_bits))
    while edges[slot] != 0 and edges[slot] >> NODE_BITS != key:
        slot = slot + 1 & (np.int64(1) << edge_bits) - 1
    return slot


def _is_plain(points: Any, start: Int, stop: Int) -> Bool:
    """Return whether there are but letters and digits of ASCII."""
    for place in range(start, stop):
        point = np.int64(points[place])
        if not (_ZERO <= point <= _NINE or _A <= (point | 0x20) <= _Z):
            return False
    return True


def _folded(point: Int, lower: Bool) -> Int:
    """Return a capital as its small letter, if ``lower``."""
    return point | 0x20 if lower and _UPPER_A <= point <= _UPPER_Z else point
