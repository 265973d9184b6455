"""What the path through a dictionary left single, cut again as ``jieba.finalseg`` does: part of a compiled loop
(:mod:`zhprep.segment.jieba.loop`).

In: a run of characters. Out: after which of them a word ends, by the hidden Markov model or a regular expression.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from zhprep.segment.jieba.dictionary import FIRST, LAST
from zhprep.segment.jieba.loop_tables import LoopModel, LoopRoom, LoopText, LoopWords, id_of, step
from zhprep.segment.jieba.trie import FLAG_BITS, WORD

_DOT, _PERCENT = map(ord, ".%")
_ZERO, _NINE, _A, _Z = map(ord, "09az")
_N_EMITTED = LAST - FIRST + 1

Int: TypeAlias = Any
Bool: TypeAlias = Any


def cut_run(
    text: LoopText, room: LoopRoom, words: LoopWords, model: LoopModel, start: Int, stop: Int, hmm: Bool
) -> None:
    """Write where the words of the characters from ``start`` to ``stop`` end."""
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
            _decode(text, room, model, place, last)
        else:
            _cut_latin(text, place, last)
        place = last


def _is_word(text: LoopText, words: LoopWords, start: Int, stop: Int) -> Bool:
    if stop - start > words.longest:
        return False
    found = id_of(words, text.points[start]) << FLAG_BITS
    for depth in range(2, stop - start + 1):
        found = step(words, depth, found >> FLAG_BITS, id_of(words, text.points[start + depth - 1]))
        if not found:
            return False
    return found & WORD != 0


def _is_chinese(point: Int) -> Bool:
    return FIRST <= point <= LAST


def _is_digit(point: Int) -> Bool:
    return _ZERO <= point <= _NINE


def _is_alphanumeric(point: Int) -> Bool:
    return _is_digit(point) or _A <= (np.int64(point) | 0x20) <= _Z


def _cut_latin(text: LoopText, start: Int, stop: Int) -> None:
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


def _decode(text: LoopText, room: LoopRoom, model: LoopModel, start: Int, stop: Int) -> None:
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
        room.choices[place - start] = (
            (begin_s >= begin_e) | (middle_m >= middle_b) << 1 | (end_m >= end_b) << 2 | (single_s >= single_e) << 3
        )
        begin, middle = max(begin_e, begin_s), max(middle_b, middle_m)
        end, single = max(end_b, end_m), max(single_e, single_s)
    state = np.int64(3 if single >= end else 2)
    for place in range(stop - 1, start - 1, -1):
        text.ends[place] = state >= 2 or place == stop - 1
        if place > start:
            chosen = np.int64(room.choices[place - start] >> state & 1)
            before = 2 if state == 0 or state == 3 else 0  # E or S, else B or M
            state = before + chosen
