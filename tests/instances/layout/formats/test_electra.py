"""ELECTRA's instances: what plain loops make of the same draws."""

from __future__ import annotations

import numpy as np
import plain_electra
from made_windows import make_window, plan, random_documents
from plain_masks import bits

from zhprep.core import rng
from zhprep.instances.layout.formats.electra import electra


class Addressed:
    """The draws of each instance by its number, as the format has them."""

    def __init__(self, short_seq_prob):
        self._short = short_seq_prob
        self._number = 0
        self._keys = rng.keys(0, "electra", np.arange(10_000)).tolist()

    def _draw(self, which):
        return bits(self._keys[self._number], which)

    def alone(self):
        return self._draw(0) / 2**64 < 0.1

    def coin(self):
        return self._draw(1) >= 2**63

    def target(self, max_length):
        if self._draw(2) / 2**64 >= self._short:
            return max_length
        return 5 + ((self._draw(3) >> 32) * (max_length - 4) >> 32)

    def next_example(self):
        self._number += 1


def segments(pieces):
    """Both segments of each instance as (first token, tokens), the second one (-1, 0) where there is none."""
    rows = [[(-1, 0), (-1, 0)] for _ in range(pieces.n_instances)]
    for instance, segment, start, stop in zip(
        pieces.instances, pieces.segments, pieces.starts, pieces.stops, strict=True
    ):
        rows[instance][segment] = (int(start), int(stop - start))
    return rows


def test_same_as_plain_loops():
    for seed in range(10):
        documents = random_documents(seed, 60, longest=40)
        pieces = electra(make_window(documents, word=1), plan(max_length=64, short_seq_prob=0.3))
        tokens = iter(range(10**6))
        named = [[[next(tokens) for _ in range(length)] for length in document] for document in documents]
        expected, lost = [], 0
        for first, second, thrown in plain_electra.examples(named, 64, Addressed(0.3), in_order=True):
            expected.append([(part[0], len(part)) if part else (-1, 0) for part in (first, second)])
            lost += thrown
        assert segments(pieces) == expected
        assert pieces.dropped["tokens.truncated"] == lost


def test_what_is_cut_ends_with_a_word():
    documents = random_documents(3, 100, longest=50)
    pieces = electra(make_window(documents, word=4), plan(max_length=64))
    opens = np.append(make_window(documents, word=4).tokens.opens, True)
    assert opens[pieces.starts].all()
    assert opens[pieces.stops].all()
    sizes = np.bincount(pieces.instances, pieces.stops - pieces.starts + 1) + 1
    assert sizes.max() <= 64
    assert pieces.dropped["tokens.truncated"] > 0


def test_a_word_that_is_longer_than_an_instance_is_cut():
    pieces = electra(make_window([[61, 50]], word=100), plan(max_length=64, short_seq_prob=0.0))
    assert (pieces.stops - pieces.starts).sum() in (61, 62)
    pieces = electra(make_window([[100]], word=100), plan(max_length=64))
    assert (pieces.stops - pieces.starts).tolist() == [62]


def test_the_second_segment_follows_the_first():
    window = make_window(random_documents(1, 200))
    pieces = electra(window, plan(max_length=128))
    assert not pieces.labels
    rows = [row for row in segments(pieces) if row[1][1]]
    assert len(rows) > 100
    whole = [first[0] + first[1] == second[0] for first, second in rows]
    assert np.mean(whole) > 0.95  # but where the first is cut to length


def test_windows_do_not_matter():
    documents = random_documents(2, 40)
    whole = electra(make_window(documents), plan())
    part = electra(make_window(documents[:20]), plan(last=False))
    rest = electra(make_window(documents[20:]), plan(next_instance=part.n_instances))
    shift = sum(map(sum, documents[:20]))
    assert whole.starts.tolist() == [*part.starts.tolist(), *(rest.starts + shift).tolist()]
