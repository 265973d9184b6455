"""The merge trainer against a naive one that counts all pairs anew at each step."""

from __future__ import annotations

import random

import numpy as np
import pytest
from made_symbols import from_strings

from zhprep.core.errors import DataError
from zhprep.vocab.merges import CountedWords, learn


def naive(table: dict[str, int], n_new: int, min_frequency: int) -> list[tuple[str, str, int]]:
    """Learn merges by recounting every pair of every word after each merge."""
    words = {word: list(word) for word in table}
    known = {character for word in table for character in word}
    merges = []
    while n_new > 0:
        pairs: dict[tuple[str, str], int] = {}
        for word, count in table.items():
            for pair in zip(words[word], words[word][1:], strict=False):
                pairs[pair] = pairs.get(pair, 0) + count
        pairs = {pair: count for pair, count in pairs.items() if count >= min_frequency}
        if not pairs:
            break
        left, right = min(pairs, key=lambda p: (-pairs[p], len(p[0] + p[1]), (p[0] + p[1]).encode(), p[0].encode()))
        merges.append((left, right, pairs[left, right]))
        if left + right not in known:
            known.add(left + right)
            n_new -= 1
        for word in words:
            words[word] = replaced(words[word], left, right)
    return merges


def replaced(symbols: list[str], left: str, right: str) -> list[str]:
    result: list[str] = []
    position = 0
    while position < len(symbols):
        if symbols[position : position + 2] == [left, right]:
            result.append(left + right)
            position += 2
        else:
            result.append(symbols[position])
            position += 1
    return result


def tiny_corpus(seed: int) -> tuple[dict[str, int], int, int]:
    draw = random.Random(seed)
    letters = "abcdefgh"[: draw.choice([1, 2, 3, 5, 8])]
    words = ("".join(draw.choices(letters, k=draw.randint(1, 14))) for _ in range(draw.randint(1, 30)))
    return {word: draw.randint(1, 9) for word in words}, draw.randint(1, 60), draw.choice([1, 1, 2, 5])


@pytest.mark.parametrize("block", range(10))
def test_equals_naive(block: int) -> None:
    for seed in range(block * 50, block * 50 + 50):
        table, n_new, min_frequency = tiny_corpus(seed)
        learnt = learn(from_strings(table, list), n_new, min_frequency=min_frequency)
        assert [(m.left, m.right, m.count) for m in learnt] == naive(table, n_new, min_frequency), seed


@pytest.mark.parametrize("seed", range(20))
def test_many_at_once_equal_naive(seed: int) -> None:
    """Tables large enough for whole batches of pairs, with counts that are often equal."""
    draw = random.Random(seed)
    letters = "abcdefghijklmnopqrstuvwxyz"
    stems = ["".join(draw.choices(letters, k=draw.randint(1, 5))) for _ in range(60)]
    table = {"".join(draw.choices(stems, k=draw.randint(1, 3))): draw.randint(1, 4) for _ in range(150)}
    learnt = learn(from_strings(table, list), 250)
    assert [(m.left, m.right, m.count) for m in learnt] == naive(table, 250, 1)


def test_order_of_words_does_not_matter() -> None:
    for seed in range(50):
        table, n_new, min_frequency = tiny_corpus(seed)
        backwards = dict(reversed(table.items()))
        one = learn(from_strings(table, list), n_new, min_frequency=min_frequency)
        assert one == learn(from_strings(backwards, list), n_new, min_frequency=min_frequency)


def test_scaled_counts_give_the_same_merges() -> None:
    for seed in range(50):
        table, n_new, _ = tiny_corpus(seed)
        scaled = {word: count * 10**9 for word, count in table.items()}
        one = learn(from_strings(table, list), n_new)
        other = learn(from_strings(scaled, list), n_new)
        assert [(m.left, m.right, m.count * 10**9) for m in one] == [(m.left, m.right, m.count) for m in other]


def test_counts_past_62_bits_are_refused() -> None:
    words = CountedWords(["a", "b"], np.array([0, 1], np.int32), np.array([0, 2]), np.array([1 << 62]))
    with pytest.raises(DataError, match="2\\*\\*62"):
        learn(words, 1)


def test_overlapping_repeats_merge_from_the_left() -> None:
    learnt = learn(from_strings({"aaaaa": 3}, list), 3)
    assert [(m.left, m.right) for m in learnt] == [("a", "a"), ("aa", "a"), ("aa", "aaa")]
