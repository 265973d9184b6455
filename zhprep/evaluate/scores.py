"""Scores of a classification: accuracy, macro F1, and what one gets for always saying the most frequent class."""

from __future__ import annotations

import numpy as np

from zhprep.collate.rows import Integers


def accuracy(labels: Integers, guesses: Integers) -> float:
    """Return the share of guesses that are right."""
    return float((labels == guesses).mean())


def macro_f1(labels: Integers, guesses: Integers, n_classes: int) -> float:
    """Return the mean over the classes of F1 = 2·hits / (labels of it + guesses of it), 0 for a class with neither."""
    hits = np.bincount(labels[labels == guesses], minlength=n_classes)
    total = np.bincount(labels, minlength=n_classes) + np.bincount(guesses, minlength=n_classes)
    return float((2 * hits / np.maximum(total, 1)).mean())


def majority(train: Integers, dev: Integers) -> float:
    """Return the accuracy on ``dev`` of always guessing the most frequent class of ``train``."""
    return float((dev == np.bincount(train).argmax()).mean())


def spread(values: list[float]) -> dict[str, object]:
    """Return mean, standard deviation (over all values, n in the denominator) and the values."""
    return {"mean": float(np.mean(values)), "std": float(np.std(values)), "values": values}
