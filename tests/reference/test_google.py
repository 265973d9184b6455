"""The same distributions as google-research/bert, where it has no defect."""

from __future__ import annotations

from random import Random

import numpy as np
import plain_google
import pytest
from made_windows import make_window, plan
from plain_masks import random_batch, words_of

from zhprep.core import rng
from zhprep.instances import InstancesConfig
from zhprep.instances.layout.formats.segment_pair import segment_pair
from zhprep.instances.masks import Words
from zhprep.instances.masks.strategies.wwm import wwm

pytestmark = pytest.mark.reference


def documents_of(seed, n):
    """Long documents of short sentences, as lengths: a chunk of one sentence, where we differ, is rare."""
    random = np.random.default_rng(seed)
    return [random.integers(3, 30, int(random.integers(150, 250))).tolist() for _ in range(n)]


@pytest.fixture(scope="module")
def both():
    """Length of A, length of B and label of each pair: ours, and Google's."""
    documents = documents_of(0, 350)
    pieces = segment_pair(make_window(documents, word=1), plan(max_length=128, short_seq_prob=0.0))
    sizes = (pieces.stops - pieces.starts).reshape(-1, 2)
    ours = np.column_stack([sizes, pieces.labels["next_sentence_label"]])
    tokens = [[[0] * length for length in document] for document in documents]
    rows = plain_google.pairs(tokens, 128, 0.0, Random(1))
    google = np.array([(len(a), len(b), label) for _, a, b, label, _ in rows])
    return ours, google


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("side", [0, 1])
def test_lengths_of_segments(both, label, side):
    ours, google = (rows[rows[:, 2] == label][:, side] for rows in both)
    sigma = np.sqrt(ours.var() / len(ours) + google.var() / len(google))
    assert abs(ours.mean() - google.mean()) < max(5 * sigma, 0.015 * google.mean())
    for share in (0.1, 0.25, 0.5, 0.75, 0.9):
        assert abs(np.quantile(ours, share) - np.quantile(google, share)) <= 2


def test_labels_and_number_of_pairs(both):
    ours, google = both
    assert abs(ours[:, 2].mean() - google[:, 2].mean()) < 0.03
    assert abs(len(ours) / len(google) - 1) < 0.03


def test_google_labels_of_one_sentence_documents_are_all_random_and_ours_are_not():
    """The golden value of the reference: with a share q of one-sentence chunks, q + (1 - q) / 2."""
    documents = [[30]] * 300 + [[10, 10]] * 700
    tokens = [[[0] * length for length in document] for document in documents]
    rows = list(plain_google.pairs(tokens, 128, 0.0, Random(2)))
    assert all(label for *_, label, chunk in rows if chunk == 1)
    assert np.mean([label for *_, label, _ in rows]) > 0.65
    label = segment_pair(make_window(documents), plan(short_seq_prob=0.0)).labels["next_sentence_label"]
    assert abs(label.mean() - 0.5) < 5 * 0.5 / np.sqrt(len(label))


def test_words_of_each_size_are_chosen_as_often():
    [row] = random_batch(7, 1)
    while len(words_of(row)) < 40:
        [row] = random_batch(len(row), 1)
    words, n = words_of(row), 6000
    words_batch = Words(np.tile(np.array(row, np.int16), n), np.arange(n + 1) * len(row))
    choice = wwm(words_batch, rng.keys(0, "mask", 0, np.arange(n)), InstancesConfig())
    ours = np.zeros(len(row))
    np.add.at(ours, choice.positions % len(row), 1)
    google, random = np.zeros(len(words)), Random(3)
    for _ in range(n):
        google[plain_google.masked(words, len(row), 0.15, 10**6, random)] += 1
    for number, positions in enumerate(words):
        p = google[number] / n
        assert abs(ours[positions[0]] / n - p) < 5 * np.sqrt(2 * max(p * (1 - p), 0.001) / n)
