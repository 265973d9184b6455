"""ELECTRA's way from sentences to examples, written from its description, a sentence at a time.

It is the reference for distributions with its defect, text out of order, and without (``in_order``).
"""

from __future__ import annotations


class Draws:
    """ELECTRA's decisions, from one stream of randomness."""

    def __init__(self, random, short_seq_prob=0.05):
        self._random, self._short = random, short_seq_prob

    def alone(self):
        return self._random.random() < 0.1

    def coin(self):
        return self._random.random() < 0.5

    def target(self, max_length):
        return self._random.randint(5, max_length) if self._random.random() < self._short else max_length

    def next_example(self):
        """Another example begins."""


def examples(documents, max_length, draws, *, in_order=False):
    """Yield both segments of every example and how many of their tokens were thrown away; documents are lists of lists
    of tokens."""
    for document in documents:
        gathered, length, target = [], 0, draws.target(max_length)
        for number, sentence in enumerate(document):
            gathered.append(sentence)
            length += len(sentence)
            if length >= target or number == len(document) - 1:
                yield divided(gathered, target, max_length, draws, in_order)
                draws.next_example()
                gathered, length, target = [], 0, draws.target(max_length)


def divided(sentences, target, max_length, draws, in_order):
    first_target = 100_000 if draws.alone() else (target - 3) // 2
    first, second = [], []
    for sentence in sentences:
        fits = len(first) + len(sentence) < first_target and not (in_order and second)
        if not first or fits or (not second and len(first) < first_target and draws.coin()):
            first += sentence
        else:
            second += sentence
    before = len(first) + len(second)
    first = first[: max_length - 2]
    second = second[: max(0, max_length - len(first) - 3)]
    return first, second, before - len(first) - len(second)


def mask_budget(n_tokens, rate, max_length):
    """How many predictions an example has (special tokens count)."""
    return max(1, min(int((rate + 0.005) * max_length), round(n_tokens * rate)))
