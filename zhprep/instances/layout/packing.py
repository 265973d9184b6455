"""Put sequences together so that instances are full: best fit, then the rest is cut to fill what is open.

In: sequences as token ranges. Out: which instance each stands in, and what is left over. The loops go over
sequences, never over tokens.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_left, insort
from itertools import pairwise

import numpy as np

from zhprep.core.ragged import Ints
from zhprep.instances.layout.sentences import cuts_between
from zhprep.instances.layout.window import Window

SPECIALS = 2
"""``[CLS]`` and ``[SEP]`` of every sequence."""

Range = tuple[int, int]


@dataclasses.dataclass(frozen=True)
class Packs:
    """``instances``, ``starts`` and ``stops`` of the placed sequences, in order, and the ranges that are left over."""

    instances: Ints
    starts: Ints
    stops: Ints
    n_instances: int
    left_starts: Ints
    left_stops: Ints


def sequences_of(window: Window, max_length: int) -> list[Range]:
    """Return the documents of the window, those that are too long cut at word borders into full sequences."""
    sequences = []
    for start, stop in pairwise(window.document_tokens.tolist()):
        edges = [start, *cuts_between(window.tokens.borders, start, stop, max_length - SPECIALS), stop]
        sequences += list(pairwise(edges))
    return sequences


def pack(sequences: list[Range], borders: Ints, max_length: int, *, last: bool) -> Packs:
    """Place sequences in instances of at most ``max_length`` tokens.

    Unless it is the ``last`` call, an instance that could not be filled is taken apart again and left over.
    """
    bins = _best_fit(sequences, max_length)
    left = _fill_up(bins, borders, max_length)
    if last:
        bins += _best_fit(left, max_length)
        left = []
    bins = sorted(sorted(sequence) for sequence in bins)
    flat = np.array([sequence for sequences_ in bins for sequence in sequences_], np.int64).reshape(-1, 2)
    rest = np.array(sorted(left), np.int64).reshape(-1, 2)
    instances = np.repeat(np.arange(len(bins)), [len(sequences_) for sequences_ in bins])
    return Packs(instances, flat[:, 0], flat[:, 1], len(bins), rest[:, 0], rest[:, 1])


def _best_fit(sequences: list[Range], max_length: int) -> list[list[Range]]:
    """Put each sequence, longest first, where the least room is left that it fits in."""
    bins: list[list[Range]] = []
    rooms: list[tuple[int, int]] = []  # (room left, number of the bin), sorted
    for start, stop in sorted(sequences, key=lambda sequence: (sequence[0] - sequence[1], sequence)):
        cost = stop - start + SPECIALS
        place = bisect_left(rooms, (cost, 0))
        if place == len(rooms):
            bins.append([(start, stop)])
            insort(rooms, (max_length - cost, len(bins) - 1))
            continue
        room, number = rooms.pop(place)
        bins[number].append((start, stop))
        insort(rooms, (room - cost, number))
    return bins


def _fill_up(bins: list[list[Range]], borders: Ints, max_length: int) -> list[Range]:
    """Fill the room in the fullest bins with sequences of the emptiest, which are taken apart at word ``borders``
    (``int64[W]``); return what is left."""
    least = max(SPECIALS + 2, min(8, max_length // 100 + 1))
    bins.sort(key=lambda sequences: (_room(sequences, max_length), sequences))
    pool: list[Range] = []
    full = 0
    while full < len(bins):
        room = _room(bins[full], max_length)
        if room < least:
            full += 1
        elif pool:
            start, stop = pool.pop()
            cut = _cut(borders, start, stop, room - SPECIALS)
            if cut > start:
                bins[full].append((start, cut))
            else:
                full += 1
            if cut < stop:
                pool.append((cut, stop))
        else:
            pool = sorted(bins.pop(), key=lambda sequence: sequence[1] - sequence[0])
    return pool


def _room(sequences: list[Range], max_length: int) -> int:
    return max_length - sum(stop - start + SPECIALS for start, stop in sequences)


def _cut(borders: Ints, start: int, stop: int, most: int) -> int:
    """Return the last of the word ``borders`` (``int64[W]``) that leaves at most so many tokens; ``start`` if there is
    none after it."""
    if stop - start <= most:
        return stop
    return max(start, int(borders[np.searchsorted(borders, start + most, side="right") - 1]))
