"""What every corruption must hold, run over every entry of the family."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_corruptions import ORDER, corrupted
from plain_masks import random_batch, words_of

from zhprep.core import rng
from zhprep.core.errors import UsageError
from zhprep.instances import Flat, InstancesConfig, TokenFacts, corrupt_batch
from zhprep.instances.corruptions import ALONE, CORRUPTIONS, in_order
from zhprep.instances.corruptions.strategies.infill import draw_spans, joined
from zhprep.instances.corruptions.token_ids import CLOSER, STOP, STOPPED
from zhprep.instances.masks import STRATEGIES, masking

N_IDS, N_TEXT, MASK_ID, CLS, SEP = 1000, 880, 4, 2, 3
MARKS = np.zeros(N_IDS, np.uint8)
MARKS[50:60], MARKS[60:70], MARKS[70:75] = STOP, CLOSER, STOPPED
SENTINELS = np.arange(N_IDS - 1, N_TEXT - 1, -1)
FACTS = TokenFacts(MASK_ID, np.arange(50, N_TEXT), marks=MARKS, sentinels=SENTINELS)

COMBINED = [("permute", "infill"), ("mask", "delete"), ("permute", "mask", "delete", "infill", "rotate")]
WHOLE = [(name,) for name in CORRUPTIONS] + COMBINED
corruptions = pytest.mark.parametrize("names", WHOLE, ids=",".join)
singly = pytest.mark.parametrize("name", CORRUPTIONS)
units = pytest.mark.parametrize("mask", ["wwm", "char"])


def flat_of(rows, seed=0):
    """Instances of ids that often end sentences, around the word indices given."""
    words = np.array([word for row in rows for word in row], np.int16)
    random = np.random.default_rng(seed)
    ids = np.where(random.random(len(words)) < 0.3, random.integers(50, 75, len(words)), 0)
    ids = np.where(ids == 0, random.integers(75, N_TEXT, len(words)), ids).astype(np.uint16)
    offsets = np.cumsum([0, *map(len, rows)])
    ids[words < 0] = SEP
    ids[offsets[:-1][np.diff(offsets) > 0]] = CLS
    return Flat(ids, words, offsets, np.arange(len(rows)) * 7 + 1)


def config_of(names, **settings):
    return InstancesConfig(corruption=tuple(names), max_length=200, **{"mask_prob": 0.3} | settings)


def split(text):
    """Sources, targets and prefixes as lists, one per instance."""
    rows = []
    for row in range(len(text.instance_ids)):
        tokens = slice(text.offsets[row], text.offsets[row + 1])
        labels = text.labels[text.label_offsets[row] : text.label_offsets[row + 1]].tolist()
        given = 0 if text.prefix_lengths is None else int(text.prefix_lengths[row])
        columns = (text.input_ids[tokens].tolist(), text.word_ids[tokens].tolist(), text.origins[tokens].tolist())
        rows.append((list(zip(*columns, strict=True)), labels, given))
    return rows


def clean_rows(flat):
    edges = flat.offsets.tolist()
    return [flat.input_ids[a:b].tolist() for a, b in pairwise(edges)]


def plainly(flat, config, epoch=0):
    words = flat.word_ids.tolist()
    rows = zip(clean_rows(flat), pairwise(flat.offsets.tolist()), flat.instance_ids.tolist(), strict=True)
    return [corrupted(ids, words[a:b], number, config, FACTS, epoch) for ids, (a, b), number in rows]


def test_every_corruption_has_a_plain_twin_and_its_place_in_the_order():
    assert list(CORRUPTIONS) == list(ORDER)


@corruptions
@units
def test_gives_what_plain_loops_give(names, mask):
    flat = flat_of(random_batch(1, 60))
    for settings_ in ({}, {"mask_prob": 0.15, "permute_ratio": 0.4, "span_mean": 1.0, "seed": 3}):
        config = config_of(names, mask=mask, **settings_)
        for epoch in (0, 1):
            assert split(corrupt_batch(flat, config, FACTS, epoch)) == plainly(flat, config, epoch)


@corruptions
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_gives_what_plain_loops_give_anywhere(names, data):
    sizes = data.draw(st.lists(st.lists(st.integers(-1, 4), max_size=25), min_size=1, max_size=5))
    rows = []
    for row in sizes:  # a size below 1 is a special token
        words = [[number] * size if size > 0 else [-1] for number, size in enumerate(row)]
        rows.append([number for word in words for number in word])
    flat = flat_of(rows, data.draw(st.integers(0, 5)))
    config = config_of(
        names,
        mask_prob=data.draw(st.sampled_from([0.0, 0.15, 0.5, 1.0])),
        span_mean=data.draw(st.sampled_from([0.3, 1.0, 3.0, 8.0])),
        permute_ratio=data.draw(st.sampled_from([0.0, 0.3, 1.0])),
        mask=data.draw(st.sampled_from(["wwm", "char"])),
        seed=data.draw(st.integers(0, 5)),
    )
    assert split(corrupt_batch(flat, config, FACTS)) == plainly(flat, config)


@corruptions
def test_an_instance_does_not_depend_on_its_neighbours(names, monkeypatch):
    rows = random_batch(4, 100)
    flat, config = flat_of(rows), config_of(names)
    together = split(corrupt_batch(flat, config, FACTS))
    edges = flat.offsets.tolist()
    order = np.random.default_rng(0).permutation(len(rows)).tolist()
    apart = {}
    for row in order:
        tokens = slice(edges[row], edges[row + 1])
        ids, words = flat.input_ids[tokens], flat.word_ids[tokens]
        alone = Flat(ids, words, np.array([0, len(ids)]), flat.instance_ids[row : row + 1])
        apart[row] = split(corrupt_batch(alone, config, FACTS))[0]
    assert [apart[row] for row in range(len(rows))] == together
    monkeypatch.setattr(masking, "BLOCK", 300)
    cut = Flat(flat.input_ids, flat.word_ids, flat.offsets, flat.instance_ids)
    assert len(cut.blocks) > 5
    assert split(corrupt_batch(cut, config, FACTS)) == together


@singly
def test_epochs_and_seeds_differ_and_repeat(name):
    flat = flat_of(random_batch(5, 50))
    before = flat.input_ids.copy()
    first = split(corrupt_batch(flat, config_of([name]), FACTS, 0))
    assert split(corrupt_batch(flat, config_of([name]), FACTS, 0)) == first
    others = [
        split(corrupt_batch(flat, config_of([name]), FACTS, 1)),
        split(corrupt_batch(flat, config_of([name], seed=1), FACTS, 0)),
    ]
    assert all((other == first) == (name == "causal") for other in others)
    assert np.array_equal(flat.input_ids, before)


@corruptions
@units
def test_special_tokens_stay(names, mask):
    flat = flat_of(random_batch(6, 100))
    for row, (source, _, _) in zip(
        clean_rows(flat), split(corrupt_batch(flat, config_of(names, mask=mask), FACTS)), strict=True
    ):
        assert [id_ for id_, word, _ in source if word < 0] == [id_ for id_ in row if id_ in (CLS, SEP)]
        assert (source[0][0], source[-1][0]) == (row[0], row[-1])


@corruptions
@units
def test_undoing_gives_the_text_back(names, mask):
    flat = flat_of(random_batch(7, 100))
    found = split(corrupt_batch(flat, config_of(names, mask=mask), FACTS))
    for row, (source, target, n_given) in zip(clean_rows(flat), found, strict=True):
        if names == ("sentinels",):
            assert filled(source, target) == row
        elif names == ("prefix",):
            assert [id_ for id_, _, _ in source] == row
            assert row[:n_given] + target == row
            assert 1 <= n_given < len(row)
        else:
            assert target == row
        origins = [origin for _, _, origin in source if origin >= 0]
        assert len(set(origins)) == len(origins)
        for id_, _, origin in source:
            if "mask" not in names and id_ != MASK_ID and id_ not in SENTINELS:
                assert row[origin] == id_


def filled(source, target):
    """The source with each sentinel replaced by what follows it in the target."""
    said, last = {}, None
    for id_ in target:
        if id_ in SENTINELS:
            last = id_
            said[last] = []
        else:
            said[last].append(id_)
    used = [id_ for id_, _, _ in source if id_ in SENTINELS]
    assert list(said) == SENTINELS[: len(used) + 1].tolist()
    assert used == SENTINELS[: len(used)].tolist()
    assert said[last] == [SEP]
    return [token for id_, _, _ in source for token in (said[id_] if id_ in used else [id_])]


@units
@pytest.mark.parametrize("names", [("permute",), ("rotate",), ("permute", "rotate")], ids=",".join)
def test_permuted_and_rotated_texts_are_their_own_tokens(names, mask):
    flat, moved = flat_of(random_batch(8, 100)), 0
    found = split(corrupt_batch(flat, config_of(names, mask=mask), FACTS))
    for row, (source, _, _) in zip(clean_rows(flat), found, strict=True):
        assert [id_ for _, id_ in sorted((origin, id_) for id_, _, origin in source)] == row
        moved += [origin for _, _, origin in source] != list(range(len(source)))
    assert moved > 80


def test_words_are_never_cut_with_a_word_strategy():
    rows = random_batch(9, 100)
    flat = flat_of(rows)
    for name in ("delete", "infill", "rotate", "sentinels"):
        for row, (source, _, _) in zip(rows, split(corrupt_batch(flat, config_of([name]), FACTS)), strict=True):
            there = [origin for id_, _, origin in source if id_ != MASK_ID and id_ not in SENTINELS]
            for word in words_of(row):
                kept = [origin for origin in there if origin in word]
                assert kept in ([], word), name


@pytest.mark.parametrize("mask", STRATEGIES)
def test_deletion_shortens_by_what_the_strategy_chooses(mask):
    if mask == "pert":
        return
    flat = flat_of(random_batch(10, 200))
    text = corrupt_batch(flat, config_of(["delete"], mask=mask, mask_prob=0.15, whole_word_prob=1.0), FACTS)
    gone = np.diff(flat.offsets) - np.diff(text.offsets)
    assert (gone <= np.maximum(np.rint(np.diff(flat.offsets) * 0.15), 1)).all()
    assert (gone >= 0).all()
    assert gone.sum() > 0.1 * len(flat.input_ids)
    assert not (text.input_ids == MASK_ID).any()


@units
def test_infilling_covers_a_little_less_than_the_rate(mask):
    flat = flat_of(random_batch(11, 400))
    text = corrupt_batch(flat, config_of(["infill"], mask=mask), FACTS)
    masks = int((text.input_ids == MASK_ID).sum())
    hidden = len(flat.input_ids) - (len(text.input_ids) - masks)
    n = int((flat.word_ids >= 0).sum())
    assert 0.22 < hidden / n < 0.305
    limit = np.ceil(flat.words.units.counts * 0.3) if mask == "wwm" else np.ceil(flat.words.tokens.counts * 0.3)
    inserted = np.diff(np.searchsorted(np.flatnonzero(text.origins < 0), text.offsets))
    spans = np.diff(np.searchsorted(np.flatnonzero((text.input_ids == MASK_ID) & (text.origins >= 0)), text.offsets))
    assert (spans <= limit).all()
    assert 0.03 < inserted.sum() / masks < 0.08  # Poisson(3) is 0 in 5 % of the draws


@given(st.dictionaries(st.integers(0, 40), st.integers(1, 9)))
def test_spans_that_overlap_are_one_and_those_that_touch_are_not(spans):
    at = np.zeros(51, np.int64)
    for start, size in spans.items():
        at[start : start + size] += 1
    expected = [start for start in sorted(spans) if at[start] == 1]
    starts, ends = joined(np.array([*spans], np.int64), np.array([*spans], np.int64) + np.array([*spans.values()], int))
    assert starts.tolist() == expected
    covered = [number for start, end in zip(starts, ends, strict=True) for number in range(start, end)]
    assert covered == np.flatnonzero(at).tolist()


def test_lengths_are_poissons():
    """Of a budget so large that cutting the last draw does not matter; probabilities as in a table of Poisson(3)."""
    lengths = draw_spans(np.full(40, 5000), rng.keys(0, "lengths", np.arange(40)), 3.0)
    counts = np.append(lengths.n_empty.sum(), np.bincount(lengths.spans)[1:])
    table = np.array([0.0498, 0.1494, 0.2240, 0.2240, 0.1680, 0.1008, 0.0504])
    counts = np.append(counts[:7], counts[7:].sum())
    expected = np.append(table, 1 - table.sum()) * counts.sum()
    assert ((counts - expected) ** 2 / expected).sum() < 30  # 7 degrees of freedom
    assert (lengths.spans.sum(), len(lengths.spans)) == (40 * 5000, lengths.n_spans.sum())


@pytest.mark.parametrize("mean", [0.1, 500.0])
def test_means_at_the_limits(mean):
    lengths = draw_spans(np.full(20, 4000), rng.keys(0, "lengths", np.arange(20)), mean)
    assert abs(lengths.spans.sum() / (len(lengths.spans) + lengths.n_empty.sum()) / mean - 1) < 0.2
    with pytest.raises(UsageError, match=r"span_mean is 500.1; infill takes at most 500"):
        draw_spans(np.full(1, 10), rng.keys(0, "lengths", 0), 500.1)


@units
def test_noise_is_just_the_rate_and_spans_are_of_the_mean_length(mask):
    rows = [[-1, *range(60), -1] for _ in range(500)]
    flat = flat_of(rows)
    text = corrupt_batch(flat, config_of(["sentinels"], mask=mask, mask_prob=0.15), FACTS)
    for source, target, _ in split(text):
        spans = sum(id_ in SENTINELS for id_, _, _ in source)
        assert (spans, len(target)) == (3, 9 + 3 + 1 + 1)  # 9 of 60 in 3 spans; their sentinels, the last, [SEP]
        assert source[1][0] not in SENTINELS  # the rest comes first
        assert source[-2][0] in SENTINELS


def test_prefixes_of_all_lengths_have_the_same_chance():
    flat = flat_of([[-1, *range(6), -1]] * 7000)
    given = corrupt_batch(flat, config_of(["prefix"]), FACTS).prefix_lengths
    counts = np.bincount(given, minlength=9)
    assert counts[0] == counts[8] == 0
    expected = 7000 / 7
    assert sum((count - expected) ** 2 / expected for count in counts[1:8]) < 40  # 6 degrees of freedom


@singly
def test_nothing_to_corrupt(name):
    for rows in ([], [[]], [[-1, -1]], [[-1, -1], [], [-1, 0, -1]]):
        text = corrupt_batch(flat_of(rows), config_of([name]), FACTS)
        assert len(text.offsets) == len(rows) + 1
        assert split(text) == plainly(flat_of(rows), config_of([name]))


def test_the_order_given_does_not_matter():
    flat = flat_of(random_batch(12, 30))
    one = corrupt_batch(flat, config_of(["infill", "rotate", "permute"]), FACTS)
    other = corrupt_batch(flat, config_of(["permute", "infill", "rotate"]), FACTS)
    assert split(one) == split(other)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"corruption": ("infil",)}, "unknown corruption 'infil'"),
        ({"corruption": ("infill", "infill")}, "the same twice"),
        *(({"corruption": ("infill", name)}, f"{name!r} makes a target of its own") for name in ALONE),
        ({"corruption": ("infill",), "mask": "pert"}, "does not go with pert"),
        ({"corruption": ("mask",), "replacement": "shuffle"}, "does not go with pert"),
    ],
)
def test_what_does_not_go_together_is_refused(settings, said):
    with pytest.raises(UsageError, match=said):
        in_order(InstancesConfig(**settings))


def test_too_few_sentinels_are_told_before_anything_is_drawn():
    few = TokenFacts(MASK_ID, FACTS.pool, sentinels=SENTINELS[:3])
    config = config_of(["sentinels"])
    most = math.floor(round(198 * 0.3) / 3 + 0.5) + 1
    with pytest.raises(UsageError, match=f"has 3 sentinels .* need up to {most}"):
        corrupt_batch(flat_of([]), config, few)
    with pytest.raises(UsageError, match="has 0 sentinels"):
        corrupt_batch(flat_of([]), config, TokenFacts(MASK_ID, FACTS.pool))
