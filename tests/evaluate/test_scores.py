from __future__ import annotations

import numpy as np
import pytest

from zhprep.evaluate.scores import accuracy, macro_f1, majority, spread

LABELS = np.array([0, 0, 0, 1, 1, 2])
GUESSES = np.array([0, 0, 1, 1, 0, 1])


def test_accuracy_by_hand():
    assert accuracy(LABELS, GUESSES) == pytest.approx(3 / 6)


def test_macro_f1_by_hand():
    """Class 0: P 2/3, R 2/3, F1 2/3. Class 1: P 1/3, R 1/2, F1 2/5. Class 2: never guessed, 0. Class 3: nowhere, 0."""
    assert macro_f1(LABELS, GUESSES, 3) == pytest.approx((2 / 3 + 2 / 5 + 0) / 3)
    assert macro_f1(LABELS, GUESSES, 4) == pytest.approx((2 / 3 + 2 / 5 + 0 + 0) / 4)
    assert macro_f1(LABELS, LABELS, 3) == 1.0


def test_the_majority_is_that_of_the_training_rows():
    assert majority(np.array([1, 1, 2]), np.array([2, 2, 2, 1])) == 0.25


def test_spread_by_hand():
    assert spread([0.5, 0.7]) == {"mean": pytest.approx(0.6), "std": pytest.approx(0.1), "values": [0.5, 0.7]}
