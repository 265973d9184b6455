"""The same distributions as google-research/electra, where it has no defect; its masks by our settings."""

from __future__ import annotations

from random import Random

import numpy as np
import plain_electra
import pytest
from made_windows import make_window, plan

from zhprep.instances import Flat, InstancesConfig, TokenFacts, mask_batch
from zhprep.instances.layout.formats.electra import electra
from zhprep.instances.masks import KEEP, MASK

pytestmark = pytest.mark.reference
LENGTH = 128


def documents_of(seed, n, *, equal):
    random = np.random.default_rng(seed)
    return [
        [20] * int(random.integers(100, 300)) if equal else random.integers(3, 45, int(random.integers(100, 300))).tolist()
        for _ in range(n)
    ]  # fmt: skip


def ours(documents):
    """Lengths of both segments of each instance, and the share of tokens lost."""
    pieces = electra(make_window(documents, word=1), plan(max_length=LENGTH, short_seq_prob=0.05))
    sizes = np.zeros((pieces.n_instances, 2), np.int64)
    sizes[pieces.instances, pieces.segments] = pieces.stops - pieces.starts
    return sizes, pieces.dropped["tokens.truncated"] / sum(map(sum, documents))


def theirs(documents, *, in_order):
    tokens = [[[0] * length for length in document] for document in documents]
    rows = list(plain_electra.examples(tokens, LENGTH, plain_electra.Draws(Random(1)), in_order=in_order))
    sizes = np.array([(len(first), len(second)) for first, second, _ in rows])
    return sizes, sum(lost for *_, lost in rows) / sum(map(sum, documents))


@pytest.fixture(scope="module", params=["equal sentences", "sentences of all lengths"])
def both(request):
    """Ours and ELECTRA's. With equal sentences its defect does not show; with others it is told to keep the order."""
    equal = request.param == "equal sentences"
    documents = documents_of(0, 250, equal=equal)
    return ours(documents), theirs(documents, in_order=not equal)


def test_lengths_of_segments(both):
    (found, _), (expected, _) = both
    for side in (0, 1):
        a, b = found[:, side], expected[:, side]
        sigma = np.sqrt(a.var() / len(a) + b.var() / len(b))
        assert abs(a.mean() - b.mean()) < 5 * sigma
        for share in (0.1, 0.25, 0.5, 0.75, 0.9):
            assert abs(np.quantile(a, share) - np.quantile(b, share)) <= 2


def test_shares_of_single_segments_of_full_ones_and_of_what_is_lost(both):
    (found, lost), (expected, lost_there) = both
    n = min(len(found), len(expected))
    for share in (
        lambda sizes: (sizes[:, 1] == 0).mean(),
        lambda sizes: (sizes.sum(axis=1) >= LENGTH - 3).mean(),
        lambda sizes: (sizes.sum(axis=1) < LENGTH / 2).mean(),
    ):
        p = share(expected)
        assert abs(share(found) - p) < 5 * np.sqrt(2 * p * (1 - p) / n)
    assert abs(len(found) / len(expected) - 1) < 0.02
    assert abs(lost - lost_there) < 0.01


def test_the_defect_is_there_and_we_have_none():
    """Of ELECTRA's examples of sentences of all lengths, many have text out of order."""
    documents = documents_of(2, 60, equal=False)
    tokens = iter(range(10**7))
    named = [[[next(tokens) for _ in range(length)] for length in document] for document in documents]
    rows = plain_electra.examples(named, LENGTH, plain_electra.Draws(Random(3)))
    disordered = [list(first + second) != sorted(first + second) for first, second, _ in rows]
    assert 0.1 < np.mean(disordered) < 0.5
    pieces = electra(make_window(documents, word=1), plan(max_length=LENGTH))
    assert (np.diff(pieces.starts) > 0).all()


@pytest.mark.parametrize(("rate", "mask"), [(0.15, "char"), (0.25, "char"), (0.15, "wwm")])
def test_its_masks_are_settings_of_ours(rate, mask):
    """As many predictions, [MASK] in 85 % of them and the token itself in the others; but no token is chosen twice."""
    random = np.random.default_rng(0)
    lengths = random.integers(5, LENGTH + 1, 2000)
    words = np.concatenate([[-1, *range(length - 2), -1] for length in lengths]).astype(np.int16)
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    ids = random.integers(50, 1000, len(words)).astype(np.uint16)
    config = InstancesConfig(
        mask=mask, mask_prob=rate, max_predictions=int((rate + 0.005) * LENGTH), replacement="all-mask", ratios=(0.85, 0, 0.15)
    )  # fmt: skip
    masked = mask_batch(Flat(ids, words, offsets, np.arange(2000)), config, TokenFacts(4, np.arange(50, 1000)))
    expected = [plain_electra.mask_budget(length, rate, LENGTH) for length in lengths.tolist()]
    assert np.diff(masked.offsets).tolist() == [min(n, length - 2) for n, length in zip(expected, lengths, strict=True)]
    assert set(masked.kinds.tolist()) == {MASK, KEEP}
    n = len(masked.kinds)
    assert abs((masked.kinds == MASK).mean() - 0.85) < 5 * np.sqrt(0.85 * 0.15 / n)
