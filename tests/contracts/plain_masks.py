"""Each mask strategy again, for one instance, with plain loops: slow and meant to be obviously right.

``PLAIN[name](word_ids, key, config)`` takes the word index of every token (-1 on special tokens) and the key of the
instance and returns ``{position: span}``.
"""

from __future__ import annotations

import math

MASK64 = 2**64 - 1


def bits(key: int, index: int) -> int:
    """The finaliser of splitmix64, in plain integers."""
    x = (index * 0x9E3779B97F4A7C15 + key + 0x9E3779B97F4A7C15) & MASK64
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK64
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK64
    return x ^ (x >> 31)


def words_of(word_ids):
    """Lists of positions, one per word."""
    words = []
    for position, word in enumerate(word_ids):
        if word < 0:
            continue
        if position and word_ids[position - 1] == word:
            words[-1].append(position)
        else:
            words.append([position])
    return words


def tokens_of(word_ids):
    return [[position] for position, word in enumerate(word_ids) if word >= 0]


def limit_of(word_ids, units, key, config):
    """The budget of one instance, and whether it counts units."""
    n, rate = len(word_ids), config.rate
    if config.budget == "google":
        limit = max(1, round(n * rate))
    elif config.budget == "floor":
        limit = math.floor(n * rate)
    elif config.budget == "ceil":
        limit = math.ceil(n * rate)
    elif config.budget == "words":
        limit = max(1, math.floor(len(units) * rate))
    elif config.budget == "bernoulli":
        limit = sum(bits(key, number) < int(rate * 2**64) for number in range(len(units))) if rate < 1 else len(units)
    else:
        exact = len(units) * rate
        limit = math.floor(exact) + ((bits(key, 1 << 40) >> 11) / 2**53 < exact - math.floor(exact))
    if config.max_predictions is not None:
        limit = min(limit, config.max_predictions)
    return limit, config.budget in ("words", "bernoulli", "probabilistic")


def shuffled(n, key):
    """The numbers below n in random order."""
    return sorted(range(n), key=lambda number: (bits(key, number) >> 32, number))


def greedy(word_ids, units, key, config):
    limit, in_units = limit_of(word_ids, units, key, config)
    used, chosen = 0, {}
    for number in shuffled(len(units), key):
        cost = 1 if in_units else len(units[number])
        if used >= limit:
            break
        if used + cost > limit:
            continue
        used += cost
        chosen |= dict.fromkeys(units[number], number)
    return chosen


def char(word_ids, key, config):
    return greedy(word_ids, tokens_of(word_ids), key, config)


def wwm(word_ids, key, config):
    return greedy(word_ids, words_of(word_ids), key, config)


PLAIN = {"char": char, "wwm": wwm}
