"""Scores of what was said for the examples of a task, by their published definitions; each is a share unless said."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from zhprep.collate.rows import Integers

Floats = npt.NDArray[np.float64]


def accuracy(labels: Integers, guesses: Integers) -> float:
    """Return the share of guesses that are right."""
    return float((labels == guesses).mean())


def macro_f1(labels: Integers, guesses: Integers, n_classes: int) -> float:
    """Return the mean over the classes of F1 = 2·hits / (labels of it + guesses of it), 0 for a class with neither."""
    hits = np.bincount(labels[labels == guesses], minlength=n_classes)
    total = np.bincount(labels, minlength=n_classes) + np.bincount(guesses, minlength=n_classes)
    return float((2 * hits / np.maximum(total, 1)).mean())


def binary_f1(labels: Integers, guesses: Integers) -> float:
    """Return the F1 of class 1 of two."""
    return f1_of(int((labels & guesses).sum()), int(guesses.sum()), int(labels.sum()))[2]


def matthews(labels: Integers, guesses: Integers, n_classes: int) -> float:
    """Return Matthews' correlation, from −1 to 1, of any number of classes (Gorodkin 2004); 0 where one side has a
    single class."""
    table = np.zeros((n_classes, n_classes), np.int64)
    np.add.at(table, (labels, guesses), 1)
    true, said, n = table.sum(1).astype(float), table.sum(0).astype(float), float(table.sum())
    above = np.trace(table) * n - true @ said
    below = (n * n - said @ said) * (n * n - true @ true)
    return float(above / np.sqrt(below)) if below else 0.0


def pearson(one: Floats, other: Floats) -> float:
    """Return the linear correlation of two series, from −1 to 1; 0 where one does not vary."""
    a, b = one - one.mean(), other - other.mean()
    below = np.sqrt(float(a @ a) * float(b @ b))
    return float(a @ b / below) if below else 0.0


def spearman(one: Floats, other: Floats) -> float:
    """Return the correlation of ranks, equal values having the mean of theirs; 0 where one series does not vary."""
    return pearson(ranks(one), ranks(other))


def ranks(values: Floats) -> Floats:
    """Return the rank of each value from 1, equal ones sharing the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    shared: Floats = (last - (counts - 1) / 2.0)[inverse]
    return shared


def f1_of(hits: int, n_said: int, n_gold: int) -> tuple[float, float, float]:
    """Return precision, recall and F1; 0 where there is nothing to divide by."""
    precision, recall = hits / max(n_said, 1), hits / max(n_gold, 1)
    return precision, recall, 2 * hits / max(n_said + n_gold, 1)


def spread(values: list[float]) -> dict[str, object]:
    """Return mean, standard deviation (over all values, n in the denominator), the best and the values."""
    return {"mean": float(np.mean(values)), "std": float(np.std(values)), "best": max(values), "values": values}


_PUNCTUATION = frozenset("-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』")
"""The characters that CMRC's script leaves out (its ``……`` is two characters and never found)."""

_FOREIGN = re.compile(r"\d+(?:[.,]\d+)*|\w+|[^\w\s]")


def exact_match(answers: Sequence[str], said: str) -> float:
    """Return 1 where ``said`` is one of ``answers``, 0 elsewhere: lower-cased, stripped, without CMRC's punctuation
    (``cmrc2018_evaluate.py``)."""
    return float(any(_bare(answer) == _bare(said) for answer in answers))


def overlap_f1(answers: Sequence[str], said: str) -> float:
    """Return the best F1 of ``said`` with one of ``answers`` by the longest run of units that both have
    (``cmrc2018_evaluate.py``): units are Chinese characters, and words of other scripts.

    The script takes the words of other scripts from NLTK; here they are runs of letters, numbers and single marks.
    """
    return max((_overlap(units(answer), units(said)) for answer in answers), default=0.0)


def units(text: str) -> list[str]:
    """Return the units of a text, without punctuation."""
    found, other = [], ""
    for character in text.lower().strip():
        if character in _PUNCTUATION:
            continue
        if "\u4e00" <= character <= "\u9fa5":
            found += [*_FOREIGN.findall(other), character]
            other = ""
        else:
            other += character
    return [*found, *_FOREIGN.findall(other)]


def _bare(text: str) -> str:
    return "".join(character for character in text.lower().strip() if character not in _PUNCTUATION)


def _overlap(gold: list[str], said: list[str]) -> float:
    common = longest_run(gold, said)
    return 2 * common / (len(gold) + len(said)) if common else 0.0


def longest_run(one: Sequence[str], other: Sequence[str]) -> int:
    """Return the length of the longest run of units that both have."""
    best, before = 0, [0] * (len(other) + 1)
    for unit in one:
        row = [0] * (len(other) + 1)
        for place, another in enumerate(other, 1):
            if unit == another:
                row[place] = before[place - 1] + 1
        best, before = max(best, *row), row
    return best
