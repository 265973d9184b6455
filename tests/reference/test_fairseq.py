"""The same distributions as fairseq's denoising."""

from __future__ import annotations

from collections import Counter

import numpy as np
import plain_fairseq
import pytest

from zhprep.instances import Flat, InstancesConfig, TokenFacts, corrupt_batch
from zhprep.instances.corruptions.token_ids import STOP
from zhprep.instances.inspect.lint import chi_square

pytestmark = pytest.mark.reference

N, MASK_ID = 4000, 4
SIZES = np.random.default_rng(0).choice([1, 1, 2, 2, 3], 40)
WORDS = np.concatenate([[-1], np.repeat(np.arange(40), SIZES), [-1]])
OPENS = np.diff(WORDS, prepend=-1) > 0
IDS = np.concatenate([[2], np.arange(10, 10 + len(WORDS) - 2), [3]])
MARKS = np.zeros(1000, np.uint8)
STOPS = [25, 40, 60]
MARKS[STOPS] = STOP
FACTS = TokenFacts(MASK_ID, np.arange(10, 1000), marks=MARKS)


def ours(name, *, n=N, ids=IDS, word_ids=WORDS, **settings):
    """The sources of ``n`` texts that are all the same."""
    flat = Flat(np.tile(ids, n), np.tile(word_ids, n), np.arange(n + 1) * len(ids), np.arange(n))
    text = corrupt_batch(flat, InstancesConfig(corruption=(name,), **settings), FACTS)
    return [text.input_ids[a:b] for a, b in zip(text.offsets[:-1], text.offsets[1:], strict=True)]


def alike(ours, theirs):
    """Whether two samples of small numbers are of one distribution, by chi-square at five standard deviations."""
    most = int(max(ours.max(), theirs.max())) + 1
    statistic, bound = chi_square(np.bincount(ours, minlength=most), np.bincount(theirs, minlength=most))
    return statistic < bound


@pytest.mark.parametrize(("mask", "opens"), [("wwm", OPENS), ("char", (WORDS >= 0))])
@pytest.mark.parametrize(("rate", "mean"), [(0.3, 3.0), (0.15, 3.0), (0.3, 1.0)])
def test_infilling(mask, opens, rate, mean):
    random = np.random.default_rng(1)
    found = ours("infill", mask=mask, mask_prob=rate, span_mean=mean)
    theirs = [plain_fairseq.infill(IDS, opens, rate, mean, MASK_ID, random) for _ in range(N)]
    for figure in (len, lambda row: int((row == MASK_ID).sum()), longest_gap, neighbours):
        assert alike(np.array([*map(figure, found)]), np.array([*map(figure, theirs)])), figure
    for place in range(10, 10 + len(IDS) - 2, 7):  # each token is hidden as often
        shares = [np.mean([place in row for row in rows]) for rows in (found, theirs)]
        assert abs(shares[0] - shares[1]) < 5 * np.sqrt(0.5 / N)


def longest_gap(row):
    """The most tokens that are missing in one place."""
    kept = row[row >= 10]
    return int(np.diff(kept, prepend=9, append=10 + len(IDS) - 2).max())


def neighbours(row):
    """How many masks stand behind another."""
    return int(((row[1:] == MASK_ID) & (row[:-1] == MASK_ID)).sum())


def test_orders_of_sentences():
    """Four sentences have 24 orders, each as often."""
    counts = Counter(row.tobytes() for row in ours("permute"))
    random = np.random.default_rng(2)
    theirs = Counter(plain_fairseq.permute(IDS, MARKS == STOP, random).tobytes() for _ in range(N))
    assert len(counts) == 24
    assert counts.keys() == theirs.keys()
    assert sum((count - N / 24) ** 2 / (N / 24) for count in counts.values()) < 72  # 23 degrees of freedom


def test_rotation():
    """Every token comes first as often; of ours the first, of theirs also the last turn is none."""
    first = np.array([row[1] for row in ours("rotate", mask="char")])
    counts = np.bincount(first - 10, minlength=len(IDS) - 2)
    expected = N / len(counts)
    assert ((counts - expected) ** 2 / expected).sum() < 140  # 67 degrees of freedom
    random = np.random.default_rng(3)
    theirs = {int(plain_fairseq.rotate(IDS, random)[1]) for _ in range(N)}
    assert theirs == set(first.tolist())
