"""jieba's accurate mode as one loop over characters, to be compiled (``core.compiled``).

In: code points, the tables of a dictionary and of the hidden Markov model. Out: after which a word ends. Window by
window: the words of two and three characters at each place, the most probable path, summed up from the back as jieba's
``calc`` does, and what it left single cut again (:mod:`zhprep.segment.jieba.loop_unknown`). The same sums of float64 in
the same order as there, so the same words to the last tie.

All is written for the compiler: integers are int64 except where they are hashed (uint64), and no array is made. What is
as often so as not is no branch but a product or a list of places: a processor that guesses it wrong waits as long as
for all the rest.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from zhprep.core.compiled import Signature
from zhprep.segment.jieba.loop_tables import (
    BITS,
    FACTOR,
    FLAGS,
    IS_FURTHER,
    LAST_POINT,
    PAIR_FACTOR,
    PAIR_MASK,
    LoopModel,
    LoopRoom,
    LoopText,
    LoopWords,
    id_of,
    logarithm,
    look,
    score,
    step,
)
from zhprep.segment.jieba.loop_unknown import cut_run
from zhprep.segment.jieba.trie import CHARACTER_BITS, FLAG_BITS, LONGER, WORD

SIGNATURE = Signature(
    *("uint32*", "int64", "uint8*", "bool"),  # the text, its length, where words end in it, with the model or not
    *("uint32*", "int32*", "int32*", "int32*", "int32*", "int32*", "uint8*"),  # room for a window, as in LoopRoom
    *("float64*", "float64*", "float64*", "int64", "int64*"),  # that room, and how much of it a window lacks
    *("uint32*", "float64*", "uint8*", "uint32*", "int64", "uint64*", "int64*", "int64"),
    *("uint64*", "uint32*", "float64*", "float64*", "float64*", "float64*", "float64*"),
)
"""Types of the arguments of :func:`cut`."""

_RETURN, _FEED = map(ord, "\r\n")
_WINDOW = 1024
"""So many code points are looked up at a time, or to the end of the block: what is found stays in the cache."""

Int: TypeAlias = Any
Bool: TypeAlias = Any


def cut(
    points: Any, size: Int, ends: Any, hmm: Bool, characters: Any, sizes: Any, twins: Any, triples: Any, places: Any,
    others: Any, choices: Any, twos: Any, threes: Any, sums: Any, n_room: Int, wanted: Any,
    ids: Any, singles: Any, alone: Any, pairs: Any, pair_bits: Int, edges: Any, bounds: Any, longest: Int,
    bits: Any, before: Any, scores: Any, start: Any, other: Any, preferred: Any, emission: Any,
) -> None:  # fmt: skip
    """Set ``ends`` (bool[N], all False) after which of ``points`` (uint32[N], ``size`` of them) a word ends; stop and
    write how much is ``wanted`` where a block has no room."""
    text = LoopText(points, size, ends)
    room = LoopRoom(characters, sizes, twins, triples, places, others, choices, twos, threes, sums)
    words = LoopWords(ids, singles, alone, pairs, pair_bits, edges, bounds, longest, bits, before, scores)
    model = LoopModel(start, other, preferred, emission)
    first: Int = np.int64(0)
    while first < size:
        stop = min(first + _WINDOW, size)
        while stop < size and id_of(words, points[stop - 1]) != 0:
            stop += 1
        if stop - first + 2 > n_room:
            wanted[0] = stop - first + 2
            return
        _look_up(text, room, words, first, stop)
        _sum_up(text, room, words, first, stop)
        _follow(text, room, words, model, first, stop, hmm)
        first = stop


def _look_up(text: LoopText, room: LoopRoom, words: LoopWords, start: Int, stop: Int) -> None:
    """Find the words of two and of three characters at each place, so that no look waits for another."""
    size = stop - start
    for at in range(size):
        room.characters[at] = id_of(words, text.points[start + at])
        room.twos[at] = room.threes[at] = -np.inf
        room.triples[at] = 0
    room.characters[size] = room.characters[size + 1] = 0
    n_words = n_longer = np.int64(0)
    shift = np.uint64(32 - words.pair_bits)
    for at in range(size):
        key = np.uint64(np.int64(room.characters[at]) << CHARACTER_BITS | np.int64(room.characters[at + 1]))
        place = np.int64(((key * PAIR_FACTOR) & PAIR_MASK) >> shift)
        entry = np.uint64(words.pairs[place])
        found = (place << FLAG_BITS | np.int64(entry & FLAGS)) * np.int64(entry >> BITS == key)
        if np.int64(found == 0) & np.int64(entry & IS_FURTHER != 0):
            found = look(words.pairs, 0, np.int64(1) << words.pair_bits, place, key)
        room.pairs[at] = found
        room.places[n_longer] = at
        n_longer += found >> 1 & 1
        room.others[n_words] = at
        n_words += found & 1
    for number in range(n_words):
        place = np.int64(room.others[number])
        room.twos[place] = score(words, 2, np.int64(room.pairs[place]) >> FLAG_BITS)
    if words.longest > 2:
        _look_up_triples(room, words, n_longer)


def _look_up_triples(room: LoopRoom, words: LoopWords, n_places: Int) -> None:
    """Find the words of three characters at ``places``, where two lead on."""
    first, size = words.bounds[0], words.bounds[1] - words.bounds[0]
    shift, n_words = np.uint64(64 - logarithm(size)), np.int64(0)
    for number in range(n_places):
        at = np.int64(room.places[number])
        key = np.uint64((np.int64(room.pairs[at]) >> FLAG_BITS) << CHARACTER_BITS | np.int64(room.characters[at + 2]))
        place = np.int64((key * FACTOR) >> shift)
        entry = np.uint64(words.edges[first + place])
        found = (place << FLAG_BITS | np.int64(entry & FLAGS)) * np.int64(entry >> BITS == key)
        if np.int64(found == 0) & np.int64(entry & IS_FURTHER != 0):
            found = look(words.edges, first, size, place, key)
        room.triples[at] = found
        room.others[n_words] = at
        n_words += found & 1
    for number in range(n_words):
        at = np.int64(room.others[number])
        room.threes[at] = score(words, 3, np.int64(room.triples[at]) >> FLAG_BITS)


def _sum_up(text: LoopText, room: LoopRoom, words: LoopWords, start: Int, stop: Int) -> None:
    """Find the best word at each place, from the end: of equal ones the longest. Sums begin anew with each block."""
    size = stop - start
    sum_1 = sum_2 = sum_3 = 0.0
    room.sums[size] = 0.0
    for at in range(size - 1, -1, -1):
        point = min(np.int64(text.points[start + at]), LAST_POINT)
        total, length = -np.inf, 0
        if room.triples[at] & LONGER:
            total, length = _longer(room, words, at)
        other = room.threes[at] + sum_3
        if other > total:
            total, length = other, 3
        other = room.twos[at] + sum_2
        if other > total:
            total, length = other, 2
        other = words.singles[point] + sum_1
        if (other > total) & (words.alone[point] != 0) | (length == 0):
            total, length = other, 1
        sum_3, sum_2 = sum_2, sum_1
        sum_1 = total if room.characters[at] else 0.0
        room.sums[at], room.sizes[at] = sum_1, length


def _longer(room: LoopRoom, words: LoopWords, at: Int) -> Any:
    """Return the best sum with a word of more than three characters, and its length."""
    total, length, depth, found = -np.inf, np.int64(0), np.int64(3), np.int64(room.triples[at])
    while found & LONGER:
        depth += 1
        found = step(words, depth, found >> FLAG_BITS, np.int64(room.characters[at + depth - 1]))
        if found & WORD:
            other = score(words, depth, found >> FLAG_BITS) + room.sums[at + depth]
            if other >= total:
                total, length = other, depth
        if room.characters[at + depth - 1] == 0:
            break
    return total, length


def _follow(
    text: LoopText, room: LoopRoom, words: LoopWords, model: LoopModel, start: Int, stop: Int, hmm: Bool
) -> None:
    """Write where the words of the path end, and cut again the runs that it left single."""
    place = run = start
    while place < stop:
        size, outside = np.int64(room.sizes[place - start]), room.characters[place - start] == 0
        text.ends[place + size - 1] = True
        if outside and text.points[place] == _RETURN:
            text.ends[place] = not (place + 1 < text.size and text.points[place + 1] == _FEED)
        parted = (size > 1) | outside
        if parted & (place - run > 1):
            cut_run(text, room, words, model, run, place, hmm)
        run = place + size if parted else run
        place += size
    if stop - run > 1:
        cut_run(text, room, words, model, run, stop, hmm)
