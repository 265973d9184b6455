"""jieba's accurate mode as one loop over characters, to be compiled (``core.compiled``).

In: code points, the tables of a dictionary and of the hidden Markov model. Out: after which a word ends. Block by
block: the most probable path, summed up from the back as jieba's ``calc`` does, and what it left single cut again as
``jieba.finalseg`` does. The same sums of float64 in the same order as there, so the same words to the last tie.

All is written for the compiler: integers are int64 except where they are hashed (uint64), and no array is made.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np

from zhprep.core.compiled import Signature
from zhprep.segment.jieba.dictionary import FIRST, LAST, N_POINTS
from zhprep.segment.jieba.trie import CHARACTER_BITS, FACTORS, FLAG_BITS, FURTHER, LONGER, WORD

SIGNATURE = Signature(
    *("uint32*", "int64", "uint8*", "bool"),  # the text, its length, where words end in it, with the model or not
    *("float64*", "int32*", "uint8*"),  # room for sums, lengths of words and choices of states
    *("uint32*", "float64*", "uint8*", "uint32*", "int64", "uint64*", "int64*", "int64"),
    *("uint64*", "uint32*", "float64*", "float64*", "float64*", "float64*", "float64*"),
)
"""Types of the arguments of :func:`cut`."""

_FLAGS, _FLAG_BITS, _FURTHER = np.uint64((1 << FLAG_BITS) - 1), np.uint64(FLAG_BITS), np.uint64(FURTHER)
_PAIR_FACTOR, _FACTOR, _PAIR_MASK = np.uint64(FACTORS[4]), np.uint64(FACTORS[8]), np.uint64(0xFFFFFFFF)
_RETURN, _FEED, _DOT, _PERCENT = map(ord, "\r\n.%")
_ZERO, _NINE, _A, _Z = map(ord, "09az")
_N_EMITTED = LAST - FIRST + 1
_LAST_POINT = N_POINTS - 1


Int: TypeAlias = Any
Float: TypeAlias = Any
Bool: TypeAlias = Any
# What numba takes them for; to Python, numbers of numpy and its own.


class _Text(NamedTuple):
    """The text and what is written of it: ``points`` uint32[N], ``ends`` bool[N]; ``best`` float64[N + 1], ``sizes``
    int32[N] and ``choices`` uint8[N] are room for one block."""

    points: Any
    ends: Any
    best: Any
    sizes: Any
    choices: Any


class _Words(NamedTuple):
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


class _Model(NamedTuple):
    """The tables of the hidden Markov model, as ``hidden_markov`` makes them."""

    start: Any
    other: Any
    preferred: Any
    emission: Any


def cut(
    points: Any, size: Int, ends: Any, hmm: Bool, best: Any, sizes: Any, choices: Any,
    ids: Any, singles: Any, alone: Any, pairs: Any, pair_bits: Int, edges: Any, bounds: Any, longest: Int,
    bits: Any, before: Any, scores: Any, start: Any, other: Any, preferred: Any, emission: Any,
) -> None:  # fmt: skip
    """Write into ``ends`` (bool[N]) after which of ``points`` (uint32[N], ``size`` of them) a word ends."""
    text = _Text(points, ends, best, sizes, choices)
    words = _Words(ids, singles, alone, pairs, pair_bits, edges, bounds, longest, bits, before, scores)
    model = _Model(start, other, preferred, emission)
    place = 0
    while place < size:
        if _id(words, points[place]) == 0:
            ends[place] = not (points[place] == _RETURN and place + 1 < size and points[place + 1] == _FEED)
            place += 1
            continue
        stop = place + 1
        while stop < size and _id(words, points[stop]) != 0:
            stop += 1
        _sum_up(text, words, place, stop)
        _follow(text, words, model, place, stop, hmm)
        place = stop


def _id(words: _Words, point: Int) -> Int:
    return np.int64(words.ids[min(np.int64(point), _LAST_POINT)])


def _sum_up(text: _Text, words: _Words, start: Int, stop: Int) -> None:
    """Find the best word at each place of a block, from its end: of equal ones the longest."""
    for place in range(start, stop - 1):
        text.sizes[place - start] = _step(words, 2, _id(words, text.points[place]), _id(words, text.points[place + 1]))
    text.sizes[stop - 1 - start] = 0
    text.best[stop - start] = 0.0
    for place in range(stop - 1, start - 1, -1):
        at, point = place - start, text.points[place]
        total, size = -np.inf, 0
        if words.alone[point]:
            total, size = words.singles[point] + text.best[at + 1], 1
        node, depth, found = np.int64(0), 2, np.int64(text.sizes[at])
        while found:
            node = found >> FLAG_BITS
            if found & WORD:
                other = _score(words, depth, node) + text.best[at + depth]
                if other >= total:
                    total, size = other, depth
            depth += 1
            if not found & LONGER or place + depth > stop:
                break
            found = _step(words, depth, node, _id(words, text.points[place + depth - 1]))
        if size == 0:
            total, size = words.singles[point] + text.best[at + 1], 1
        text.best[at], text.sizes[at] = total, size


def _step(words: _Words, depth: Int, node: Int, character: Int) -> Int:
    """Return where the edge from ``node`` with ``character`` leads, and its flags, as one number; 0 if none is."""
    key = np.uint64(node << CHARACTER_BITS | character)
    if depth == 2:
        home = ((key * _PAIR_FACTOR) & _PAIR_MASK) >> np.uint64(32 - words.pair_bits)
        return _look(words.pairs, 0, np.int64(1) << words.pair_bits, np.int64(home), key)
    first = words.bounds[depth - 3]
    n_places = words.bounds[depth - 2] - first
    bits = 0
    while n_places >> bits > 1:
        bits += 1
    return _look(words.edges, first, n_places, np.int64((key * _FACTOR) >> np.uint64(64 - bits)), key)


def _look(entries: Any, first: Int, n_places: Int, place: Int, key: Int) -> Int:
    entry = np.uint64(entries[first + place])
    if entry >> _FLAG_BITS != key and not entry & _FURTHER:
        return 0
    while entry:
        if entry >> _FLAG_BITS == key:
            return place << FLAG_BITS | np.int64(entry & _FLAGS)
        place = (place + 1) & (n_places - 1)
        entry = np.uint64(entries[first + place])
    return 0


def _score(words: _Words, depth: Int, node: Int) -> Float:
    """Return the score of the word at ``node``."""
    if depth > 2:
        node += (np.int64(1) << words.pair_bits) + words.bounds[depth - 3]
    below = words.bits[node >> 6] & ((np.uint64(1) << np.uint64(node & 63)) - np.uint64(1))
    number = np.int64(words.before[node >> 6])
    while below:
        below &= below - np.uint64(1)
        number += 1
    return words.scores[number]


def _follow(text: _Text, words: _Words, model: _Model, start: Int, stop: Int, hmm: Bool) -> None:
    """Write where the words of the path end, and cut again the runs that it left single."""
    place = run = start
    while place < stop:
        size = text.sizes[place - start]
        for inside in range(place, place + size):
            text.ends[inside] = inside == place + size - 1
        if size > 1:
            _cut_run(text, words, model, run, place, hmm)
            run = place + size
        place += size
    _cut_run(text, words, model, run, stop, hmm)


def _cut_run(text: _Text, words: _Words, model: _Model, start: Int, stop: Int, hmm: Bool) -> None:
    if stop - start < 2:
        return
    if not hmm:
        for place in range(start, stop - 1):
            text.ends[place] = not (_is_alphanumeric(text.points[place]) and _is_alphanumeric(text.points[place + 1]))
        return
    if _is_word(text, words, start, stop):
        return
    place = start
    while place < stop:
        chinese, last = _is_chinese(text.points[place]), place + 1
        while last < stop and _is_chinese(text.points[last]) == chinese:
            last += 1
        if chinese:
            _decode(text, model, place, last)
        else:
            _cut_latin(text, place, last)
        place = last


def _is_word(text: _Text, words: _Words, start: Int, stop: Int) -> Bool:
    if stop - start > words.longest:
        return False
    found = _id(words, text.points[start]) << FLAG_BITS
    for depth in range(2, stop - start + 1):
        found = _step(words, depth, found >> FLAG_BITS, _id(words, text.points[start + depth - 1]))
        if not found:
            return False
    return found & WORD != 0


def _is_chinese(point: Int) -> Bool:
    return FIRST <= point <= LAST


def _is_digit(point: Int) -> Bool:
    return _ZERO <= point <= _NINE


def _is_alphanumeric(point: Int) -> Bool:
    return _is_digit(point) or _A <= (np.int64(point) | 0x20) <= _Z


def _cut_latin(text: _Text, start: Int, stop: Int) -> None:
    """Cut letters, digits and signs as ``[a-zA-Z0-9]+(?:\\.\\d+)?%?`` does, what it finds and what is between."""
    points, place = text.points, start
    while place < stop:
        first = place
        if not _is_alphanumeric(points[place]):
            while place < stop and not _is_alphanumeric(points[place]):
                place += 1
        else:
            while place < stop and _is_alphanumeric(points[place]):
                place += 1
            if place + 1 < stop and points[place] == _DOT and _is_digit(points[place + 1]):
                place += 1
                while place < stop and _is_digit(points[place]):
                    place += 1
            if place < stop and points[place] == _PERCENT:
                place += 1
        for inside in range(first, place):
            text.ends[inside] = inside == place - 1


def _decode(text: _Text, model: _Model, start: Int, stop: Int) -> None:
    """Write where the words of a run of Chinese characters end: those of the most probable states B, M, E, S, and of
    equal ones those that jieba takes. A choice of 1 bit for each state says which of two came before it."""
    of = np.int64(text.points[start]) - FIRST
    begin = model.start[0] + model.emission[of]
    middle = model.start[1] + model.emission[_N_EMITTED + of]
    end = model.start[2] + model.emission[2 * _N_EMITTED + of]
    single = model.start[3] + model.emission[3 * _N_EMITTED + of]
    for place in range(start + 1, stop):
        of = np.int64(text.points[place]) - FIRST
        emitted = model.emission[of]
        begin_e, begin_s = end + model.other[0] + emitted, single + model.preferred[0] + emitted
        emitted = model.emission[_N_EMITTED + of]
        middle_b, middle_m = begin + model.other[1] + emitted, middle + model.preferred[1] + emitted
        emitted = model.emission[2 * _N_EMITTED + of]
        end_b, end_m = begin + model.other[2] + emitted, middle + model.preferred[2] + emitted
        emitted = model.emission[3 * _N_EMITTED + of]
        single_e, single_s = end + model.other[3] + emitted, single + model.preferred[3] + emitted
        text.choices[place - start] = (
            (begin_s >= begin_e) | (middle_m >= middle_b) << 1 | (end_m >= end_b) << 2 | (single_s >= single_e) << 3
        )
        begin, middle = max(begin_e, begin_s), max(middle_b, middle_m)
        end, single = max(end_b, end_m), max(single_e, single_s)
    state = np.int64(3 if single >= end else 2)
    for place in range(stop - 1, start - 1, -1):
        text.ends[place] = state >= 2 or place == stop - 1
        if place > start:
            chosen = np.int64(text.choices[place - start] >> state & 1)
            before = 2 if state == 0 or state == 3 else 0  # E or S, else B or M
            state = before + chosen
