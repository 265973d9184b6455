"""Make the tables of a dictionary from words and their frequencies.

In: frequencies, and jieba's sum of them. Out: the arrays that a :class:`Dictionary` is made of.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from zhprep.core.bundled import code_of
from zhprep.core.mapped import Arrays, mapped_arrays
from zhprep.core.ragged import offsets_of
from zhprep.segment.jieba.dictionary import FIRST, LAST, N_POINTS, Dictionary
from zhprep.segment.jieba.package import own_file, sha256
from zhprep.segment.jieba.sums import path_ends
from zhprep.segment.jieba.trie import CHARACTER_BITS, CONTESTED, LONGER, WORD, Bools, Edges, Floats, Ids, Places, Scores

CODE = (*(f"segment/jieba/{name}.py" for name in ("tables", "dictionary", "trie", "sums")), "core/ragged.py")
"""The files that decide what tables hold."""

_BLOCK_SIGNS = "+#&._%-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIRS_SPREAD, _SPREAD = 3, 1.5  # places for each edge: most looks are at pairs


class TooMany(Exception):
    """There are more different characters than a table has numbers for."""


def own_dictionary() -> Dictionary:
    """Return the dictionary of jieba alone."""

    def make() -> Arrays:
        return make_tables(*_read_frequencies())

    return Dictionary(mapped_arrays("jieba", source(), make))


def source() -> str:
    """Return what decides the tables of jieba's own dictionary, in hashes."""
    return f"{code_of(*CODE)} {sha256(own_file())}"


def make_tables(frequencies: Mapping[str, int], total: int) -> Arrays:
    """Return the tables of words with ``frequencies``, those of 0 left out. Raises ``TooMany``."""
    log_total = math.log(total)
    scores = {word: math.log(count) - log_total for word, count in frequencies.items() if count > 0}
    singles, alone = np.full(N_POINTS, math.log(1) - log_total), np.zeros(N_POINTS, np.bool_)
    for word, score in scores.items():
        if len(word) == 1 and ord(word) < N_POINTS - 1:
            singles[ord(word)], alone[ord(word)] = score, True
    in_block = _in_block()
    points, sizes, values = _longer_words(scores, in_block)
    distinct = np.unique(points)
    if len(distinct) + 2 > 1 << CHARACTER_BITS:
        raise TooMany(f"{len(distinct)} different characters")
    ids = np.where(in_block, np.uint32(len(distinct) + 1), np.uint32(0))
    ids[distinct] = np.arange(1, len(distinct) + 1)
    tables = {"ids": ids, "singles": singles, "alone": alone, **_edges_and_scores(ids[points], sizes, values)}
    _mark_contested(Dictionary(tables), points, ids[points], sizes)
    return tables


def _read_frequencies() -> tuple[dict[str, int], int]:
    """Return the words of ``dict.txt`` with their frequencies, and jieba's sum of these: one that stands twice counts
    twice there."""
    lines = own_file().read_bytes().decode("utf-8").split("\n")
    pairs = [line.split(" ", 2)[:2] for line in map(str.strip, lines) if line]
    counts = [int(count) for _, count in pairs]
    return dict(zip((word for word, _ in pairs), counts, strict=True)), sum(counts)


def _in_block() -> Bools:
    """Return which code points are of blocks, ``bool[N_POINTS]``."""
    table = np.zeros(N_POINTS, np.bool_)
    table[FIRST : LAST + 1] = True
    table[[*map(ord, _BLOCK_SIGNS)]] = True
    return table


def _longer_words(scores: Mapping[str, float], in_block: Bools) -> tuple[Ids, Places, Floats]:
    """Return the characters of the words of two or more that can stand in a block, end to end (``uint32[T]``), their
    lengths (``int64[W]``) and their scores (``float64[W]``)."""
    words = [word for word in scores if len(word) > 1]
    sizes = np.fromiter(map(len, words), np.int64, len(words))
    points = np.frombuffer("".join(words).encode("utf-32-le"), np.uint32)
    sound = np.logical_and.reduceat(in_block.take(points, mode="clip"), np.cumsum(sizes) - sizes)
    values = np.fromiter(map(scores.__getitem__, words), np.float64, len(words))
    return points[sound.repeat(sizes)], sizes[sound], values[sound]


def _edges_and_scores(ids: Ids, sizes: Places, values: Floats) -> Arrays:
    """Return the edges to nodes of depth 2, ``pairs`` (uint32), those to each deeper one end to end, ``edges`` (uint64)
    with ``bounds`` (int64), and the scores of words (see :class:`Scores`). Words are ``sizes``
    (``int64[W]``) of ``ids`` (``uint32[T]``), their scores ``values`` (``float64[W]``)."""
    tables, words, found = [], [], []
    starts, n_nodes = np.cumsum(sizes) - sizes, 0
    nodes = ids[starts].astype(np.int64)
    for depth in range(2, int(sizes.max()) + 1):
        going = sizes >= depth
        starts, sizes, values, nodes = starts[going], sizes[going], values[going], nodes[going]
        keys = (nodes << CHARACTER_BITS | ids[starts + (depth - 1)]).astype(np.uint32 if depth == 2 else np.uint64)
        distinct, which = np.unique(keys, return_inverse=True)
        whole = sizes == depth
        flags = np.zeros(len(distinct), np.int64)
        flags[which[whole]] |= WORD
        flags[which[~whole]] |= LONGER
        edges, places = Edges.build(distinct, flags, _PAIRS_SPREAD if depth == 2 else _SPREAD)
        nodes = places[which]
        words.append(nodes[whole] + n_nodes)
        found.append(values[whole])
        tables.append(edges.entries)
        n_nodes += len(edges.entries)
    bits, before, scores = Scores.build(np.concatenate(words), np.concatenate(found), n_nodes)
    return {
        "pairs": tables[0],
        "edges": np.concatenate([np.empty(0, np.uint64), *tables[1:]]),
        "bounds": offsets_of(np.array([len(entries) for entries in tables[1:]], np.int64)),
        "words": bits,
        "before": before,
        "scores": scores,
    }


def _mark_contested(dictionary: Dictionary, points: Ids, ids: Ids, sizes: Places) -> None:
    """Mark the words (``sizes`` ``int64[W]`` of ``ids`` ``[T]``) of whose characters shorter words are more probable,
    or as good."""
    starts = np.cumsum(sizes) - sizes
    offsets, ends, unsure = path_ends(dictionary, points, ids, starts, sizes)
    ends[offsets[1:] - 2] = False
    contested = np.flatnonzero(np.logical_or.reduceat(ends, offsets[:-1]) | unsure)
    _, nodes = dictionary.trie.find(ids, starts[contested], sizes[contested])
    for depth, edges in enumerate(dictionary.trie.edges, 2):
        edges.entries[nodes[sizes[contested] == depth]] |= edges.entries.dtype.type(CONTESTED)
