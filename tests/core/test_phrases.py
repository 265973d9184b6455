"""Phrases are found as a plain loop finds them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from zhprep.core.phrases import Found, Phrases

LETTERS = "甲乙丙a·😀𠮷"


def points(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le"), np.uint32)


def plain(text, phrases, stops, edges):
    found, start = [], 0
    while start < len(text):
        limit = next(stop for stop in stops if stop > start)
        fitting = [
            (number, phrase)
            for number, phrase in enumerate(phrases)
            if len(phrase) > 1 and text[start : start + len(phrase)] == phrase and start + len(phrase) <= limit
        ]
        fitting = [pair for pair in fitting if edges[start] and edges[start + len(pair[1])]]
        if fitting:
            number, phrase = max(fitting, key=lambda pair: len(pair[1]))
            found.append(Found(start, start + len(phrase), number))
        start += len(phrase) if fitting else 1
    return found


@given(st.text(LETTERS, max_size=30), st.sets(st.text(LETTERS, max_size=5), max_size=8), st.randoms())
def test_as_a_plain_loop_finds_them(text, phrases, random):
    phrases = sorted(phrases)
    stops = sorted({*random.sample(range(1, len(text) + 1), random.randint(0, len(text))), len(text)})
    edges = np.array([random.random() < 0.7 for _ in range(len(text) + 1)])
    found = list(Phrases(phrases).find(points(text), np.array(stops, np.int64), edges))
    assert found == plain(text, phrases, stops, edges)
    everywhere = [True] * (len(text) + 1)
    assert list(Phrases(phrases).find(points(text))) == plain(text, phrases, [len(text)], everywhere)


def test_nothing_to_find():
    assert list(Phrases([]).find(points("甲乙"))) == []
    assert list(Phrases(["甲", ""]).find(points("甲乙"))) == []
    assert len(Phrases(["甲", "甲乙"])) == 1
    assert list(Phrases(["甲乙"]).find(points(""))) == []
