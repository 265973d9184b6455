"""The tables of a dictionary as compiled loops look into them (:mod:`zhprep.segment.jieba.loop`): their arrays by name,
and the steps from one to the other. Integers are int64 except where they are hashed (uint64).
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np

from zhprep.segment.jieba.dictionary import N_POINTS
from zhprep.segment.jieba.trie import CHARACTER_BITS, FACTORS, FLAG_BITS, FURTHER

FLAGS, BITS, IS_FURTHER = np.uint64((1 << FLAG_BITS) - 1), np.uint64(FLAG_BITS), np.uint64(FURTHER)
PAIR_FACTOR, FACTOR, PAIR_MASK = np.uint64(FACTORS[4]), np.uint64(FACTORS[8]), np.uint64(0xFFFFFFFF)
LAST_POINT = N_POINTS - 1

Int: TypeAlias = Any
Float: TypeAlias = Any
Bool: TypeAlias = Any
# What numba takes them for; to Python, numbers of numpy and its own.


class LoopText(NamedTuple):
    """The text and what is written of it: ``points`` uint32[N], ``ends`` bool[N]."""

    points: Any
    size: Any
    ends: Any


class LoopRoom(NamedTuple):
    """LoopRoom for what is found out of a window of ``W`` code points, each array with room for more: their numbers,
    ``characters``; the longest word of the best path, ``sizes``; where the edges of two and three characters lead,
    ``pairs`` and ``triples``; ``places`` and ``choices``; of the words of two and three characters the scores, and
    the ``sums`` of the best paths."""

    characters: Any
    sizes: Any
    pairs: Any
    triples: Any
    places: Any
    others: Any
    choices: Any
    twos: Any
    threes: Any
    sums: Any


class LoopWords(NamedTuple):
    """The tables of a dictionary, as ``tables`` makes them, with the binary logarithm of the number of pairs and the
    greatest length of a word."""

    ids: Any
    singles: Any
    alone: Any
    pairs: Any
    pair_bits: int
    edges: Any
    bounds: Any
    longest: int
    bits: Any
    before: Any
    scores: Any


class LoopModel(NamedTuple):
    """The tables of the hidden Markov model, as ``hidden_markov`` makes them."""

    start: Any
    other: Any
    preferred: Any
    emission: Any


def id_of(words: LoopWords, point: Int) -> Int:
    """Return the number of a character, 0 for one that is of no block."""
    return np.int64(words.ids[min(np.int64(point), LAST_POINT)])


def step(words: LoopWords, depth: Int, node: Int, character: Int) -> Int:
    """Return where the edge from ``node`` with ``character`` leads, and its flags, as one number; 0 if none is."""
    key = np.uint64(node << CHARACTER_BITS | character)
    if depth == 2:
        home = ((key * PAIR_FACTOR) & PAIR_MASK) >> np.uint64(32 - words.pair_bits)
        return look(words.pairs, 0, np.int64(1) << words.pair_bits, np.int64(home), key)
    first = words.bounds[depth - 3]
    n_places = words.bounds[depth - 2] - first
    bits = 0
    while n_places >> bits > 1:
        bits += 1
    return look(words.edges, first, n_places, np.int64((key * FACTOR) >> np.uint64(64 - bits)), key)


def look(entries: Any, first: Int, n_places: Int, place: Int, key: Int) -> Int:
    """Return where the edge with ``key`` leads, and its flags, by looking from ``place`` on; 0 if none is."""
    entry = np.uint64(entries[first + place])
    if entry >> BITS != key and not entry & IS_FURTHER:
        return 0
    while entry:
        if entry >> BITS == key:
            return place << FLAG_BITS | np.int64(entry & FLAGS)
        place = (place + 1) & (n_places - 1)
        entry = np.uint64(entries[first + place])
    return 0


def score(words: LoopWords, depth: Int, node: Int) -> Float:
    """Return the score of the word at ``node``."""
    if depth > 2:
        node += (np.int64(1) << words.pair_bits) + words.bounds[depth - 3]
    below = words.bits[node >> 6] & ((np.uint64(1) << np.uint64(node & 63)) - np.uint64(1))
    number = np.int64(words.before[node >> 6])
    while below:
        below &= below - np.uint64(1)
        number += 1
    return words.scores[number]


def logarithm(size: Int) -> Int:
    """Return the binary logarithm of a power of two."""
    bits = 0
    while size >> bits > 1:
        bits += 1
    return bits
