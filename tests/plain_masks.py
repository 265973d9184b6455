"""Each mask strategy again, for one instance, with plain loops: slow and meant to be obviously right.

``PLAIN[name](word_ids, key, config)`` takes the word index of every token (-1 on special tokens) and the key of the
instance and returns ``{position: span}``.
"""

from __future__ import annotations

import math

import numpy as np

MASK64 = 2**64 - 1


def bits(key: int, index: int) -> int:
    """The finaliser of splitmix64, in plain integers."""
    x = (index * 0x9E3779B97F4A7C15 + key + 0x9E3779B97F4A7C15) & MASK64
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK64
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK64
    return x ^ (x >> 31)


def random_instance(random, n_words, sizes=(1, 1, 1, 2, 2, 2, 3, 4, 7)):
    """Two segments with special tokens around them."""
    lengths = random.choice(sizes, n_words)
    numbers = np.repeat(np.arange(n_words), lengths).tolist()
    cut = int(np.searchsorted(numbers, int(random.integers(0, n_words + 1))))
    return [-1, *numbers[:cut], -1, *numbers[cut:], -1]


def random_batch(seed, n, most_words=90):
    random = np.random.default_rng(seed)
    return [random_instance(random, int(random.integers(0, most_words))) for _ in range(n)]


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
    n, rate = len(word_ids), config.mask_prob
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


def length_of(draw, weights):
    """1, 2, 3, … with chances in proportion to the weights, from the lower half of the draw."""
    roll = (draw & 0xFFFFFFFF) / 2**32 * sum(weights)
    for n, _ in enumerate(weights[:-1], start=1):
        if roll < sum(weights[:n]):
            return n
    return len(weights)


def segment_end(words, number):
    """The first word that does not follow on from the words before it."""
    end = number + 1
    while end < len(words) and words[end][0] == words[end - 1][-1] + 1:
        end += 1
    return end


def shortened(words, number, n, room, in_units):
    """At most so many words from ``number`` on, in its segment, that fit."""
    n = min(n, segment_end(words, number) - number)
    while n and (n if in_units else sum(map(len, words[number : number + n]))) > room:
        n -= 1
    return n


def take_runs(word_ids, key, config, tries):
    """Take runs of words (first word, words wanted, whether it may end before a taken word)."""
    words = words_of(word_ids)
    room, in_units = limit_of(word_ids, words, key, config)
    span_of = {}
    for number, wanted, may_end in tries:
        n = shortened(words, number, wanted, room, in_units)
        taken = [other for other in range(number, number + n) if other in span_of]
        if taken:
            n = taken[0] - number if may_end else 0
        run = range(number, number + n)
        span_of |= dict.fromkeys(run, number)
        room -= n if in_units else sum(len(words[other]) for other in run)
    return span_of


def positions_of(words, span_of):
    return {position: span for number, span in sorted(span_of.items()) for position in words[number]}


def ngram(word_ids, key, config):
    words = words_of(word_ids)
    order = shuffled(len(words), key)
    tries = [(number, length_of(bits(key, number), config.ngram_weights), False) for number in order]
    return positions_of(words, take_runs(word_ids, key, config, tries))


def mac(word_ids, key, config):
    words = words_of(word_ids)
    wanted, pointer = {}, 0
    while pointer < len(words):
        wanted[pointer] = length_of(bits(key, pointer), config.ngram_weights)
        pointer = min(pointer + wanted[pointer], segment_end(words, pointer))
    tries = [(number, wanted[number], False) for number in shuffled(len(words), key) if number in wanted]
    return positions_of(words, take_runs(word_ids, key, config, tries))


def span(word_ids, key, config):
    words, tokens = words_of(word_ids), tokens_of(word_ids)
    weights = [config.span_p * (1 - config.span_p) ** n for n in range(config.span_max)]
    tries = []
    for token in shuffled(len(tokens), key):
        word = next(number for number, positions in enumerate(words) if tokens[token][0] in positions)
        tries.append((word, length_of(bits(key, token), weights), True))
    span_of = take_runs(word_ids, key, config, tries)
    for number in sorted(span_of):
        if number - 1 in span_of and words[number - 1][-1] + 1 == words[number][0]:
            span_of[number] = span_of[number - 1]
    return positions_of(words, span_of)


def chinesebert(word_ids, key, config):
    if bits(key, 1 << 41) < int(config.whole_word_prob * 2**64):
        return wwm(word_ids, key, config)
    tokens, most = tokens_of(word_ids), config.max_predictions or len(word_ids)
    hit = sorted((bits(key, number), number) for number in range(len(tokens)))
    hit = [number for draw, number in hit if draw < int(config.mask_prob * 2**64) or config.mask_prob >= 1][:most]
    return {tokens[number][0]: number for number in hit}


PLAIN = {
    "char": char,
    "wwm": wwm,
    "ngram": ngram,
    "mac": mac,
    "span": span,
    "entity": wwm,
    "chinesebert": chinesebert,
    "pert": mac,
}
