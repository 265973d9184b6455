"""What every replacement must hold, run over every entry of the family."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from plain_masks import bits, random_batch, words_of

from zhprep.core import rng
from zhprep.core.errors import UsageError
from zhprep.instances import Flat, InstancesConfig, TokenFacts, mask_batch
from zhprep.instances.masks import KEEP, MASK, MOVED, RANDOM, REPLACEMENTS, SIMILAR, UNPAIRED
from zhprep.instances.similar.table import make_table

N_IDS, MASK_ID = 1000, 4
POOL = np.arange(50, N_IDS)

RATIOS = {
    "bert": {MASK: 0.8, RANDOM: 0.1, KEEP: 0.1},
    "partial": {MASK: 0.8, RANDOM: 0.1, KEEP: 0.1},
    "all-mask": {MASK: 0.9, KEEP: 0.1},
    "random": {RANDOM: 0.9, KEEP: 0.1},
    "similar": {SIMILAR: 0.8, RANDOM: 0.1, KEEP: 0.1},
    "shuffle": {MOVED: 0.9, KEEP: 0.1},
}
names = pytest.mark.parametrize("name", REPLACEMENTS)
granularities = pytest.mark.parametrize("per", ["token", "word", "span"])


@functools.cache
def make_flat(seed, n):
    """Instances whose words are runs of ids that say which word of how many tokens they are."""
    random = np.random.default_rng(seed)
    rows = random_batch(seed, n)
    word_ids = np.array([word for row in rows for word in row], np.int16)
    ids = random.integers(50, N_IDS, len(word_ids)).astype(np.uint16)
    ids[word_ids < 0] = 2
    return Flat(ids, word_ids, np.cumsum([0, *map(len, rows)]), np.arange(n)), rows


def every_word(flat, rows):
    """A table that knows two similar words of each word of the batch."""
    words = {}
    for row, first in zip(rows, flat.offsets[:-1].tolist(), strict=True):
        for positions in words_of(row):
            token_ids = flat.input_ids[[first + position for position in positions]].astype(np.int64)
            words[tuple(token_ids)] = token_ids
    keys = list(words.values())
    return make_table(keys, [[(word - 49) % 950 + 50, (word - 48) % 950 + 50, np.append(word, 60)] for word in keys])


def mask(name, flat, rows, *, known=True, **settings):
    table = every_word(flat, rows) if known and name == "similar" else make_table([], [])
    facts = TokenFacts(MASK_ID, POOL, table)
    config = InstancesConfig(mask="mac", replacement=name, **settings)
    return mask_batch(flat, config, facts)


def rows_of(flat, masked):
    return np.searchsorted(flat.offsets, masked.positions, side="right") - 1


@names
@granularities
def test_only_chosen_tokens_change(name, per):
    flat, rows = make_flat(0, 100)
    before = flat.input_ids.copy()
    masked = mask(name, flat, rows, per=per)
    assert np.array_equal(flat.input_ids, before)
    untouched = np.ones(len(before), bool)
    untouched[masked.positions] = False
    assert np.array_equal(masked.input_ids[untouched], before[untouched])


@names
def test_the_code_says_what_was_done(name):
    flat, rows = make_flat(1, 200)
    masked = mask(name, flat, rows)
    old, new = flat.input_ids[masked.positions], masked.input_ids[masked.positions]
    assert (new[masked.kinds == MASK] == MASK_ID).all()
    assert (new[masked.kinds == KEEP] == old[masked.kinds == KEEP]).all()
    assert np.isin(new[np.isin(masked.kinds, [RANDOM, UNPAIRED])], POOL).all()
    assert (new[masked.kinds == SIMILAR] != old[masked.kinds == SIMILAR]).all()
    assert set(masked.kinds.tolist()) <= set(RATIOS[name])


@names
def test_labels_put_back_give_the_instance(name):
    flat, rows = make_flat(2, 100)
    masked = mask(name, flat, rows)
    restored = masked.input_ids.copy()
    if name == "shuffle":
        start = flat.offsets[rows_of(flat, masked)]
        restored[masked.positions] = masked.input_ids[start + masked.labels]
    else:
        restored[masked.positions] = masked.labels
    assert np.array_equal(restored, flat.input_ids)


@names
@granularities
def test_shares_are_those_of_the_paper(name, per):
    flat, rows = make_flat(3, 1000)
    masked = mask(name, flat, rows, per=per)
    n_draws = len(masked.kinds) if per == "token" and name != "similar" else len(masked.kinds) / 4
    for kind, share in RATIOS[name].items():
        if name == "shuffle":
            continue  # a token that comes to stand where it was is kept
        assert abs((masked.kinds == kind).mean() - share) < 5 * np.sqrt(share * (1 - share) / n_draws)


@names
def test_other_shares_can_be_given(name):
    flat, rows = make_flat(3, 1000)
    masked = mask(name, flat, rows, ratios=(0.5, 0.3, 0.2))
    expected = 0.8 if name == "random" else 0.3  # where replaced and random are the same
    assert abs((masked.kinds == RANDOM).mean() - expected) < 0.03
    assert (masked.kinds == KEEP).mean() > 0.16
    for wrong in ((0.5, 0.5), (0.5, 0.3, 0.3), (1.5, -0.5, 0.0)):
        with pytest.raises(UsageError, match="ratios"):
            mask(name, flat, rows, ratios=wrong)


@names
@pytest.mark.parametrize("per", ["word", "span"])
def test_one_draw_for_a_word_or_a_span(name, per):
    if name == "shuffle":
        pytest.skip("kept tokens may also be those that fell on their own place")
    flat, rows = make_flat(5, 200)
    masked = mask(name, flat, rows, per=per)
    kind_of = dict(zip(masked.positions.tolist(), masked.kinds.tolist(), strict=True))
    mixed = several = 0
    for row, first in zip(rows, flat.offsets[:-1].tolist(), strict=True):
        runs, before = [], -2
        for positions in words_of(row):
            kinds = {kind_of.get(first + position) for position in positions}
            assert len(kinds) == 1
            if None in kinds:
                continue
            adjacent = before + 1 == positions[0]
            several += adjacent
            mixed += adjacent and runs[-1] != kinds
            runs.append(kinds)
            before = positions[-1]
    assert several > 100
    assert mixed < several * (0.15 if per == "span" else 0.5)


@names
def test_the_draws_are_addressed(name):
    """By the key of the instance and the number of the token or word: nothing else."""
    flat, rows = make_flat(6, 50)
    together = mask(name, flat, rows)
    table = every_word(flat, rows)
    for number in range(50):
        tokens = slice(flat.offsets[number], flat.offsets[number + 1])
        alone = Flat(
            flat.input_ids[tokens], flat.word_ids[tokens], np.array([0, len(rows[number])]), flat.instance_ids[[number]]
        )
        config = InstancesConfig(mask="mac", replacement=name)
        masked = mask_batch(alone, config, TokenFacts(MASK_ID, POOL, table))
        assert np.array_equal(masked.input_ids, together.input_ids[tokens])


def test_kinds_are_what_plain_loops_draw():
    flat, rows = make_flat(7, 30)
    masked = mask("bert", flat, rows)
    keys = rng.keys(0, "replace", 0, flat.instance_ids).tolist()
    for position, row, kind in zip(
        masked.positions.tolist(), rows_of(flat, masked), masked.kinds.tolist(), strict=True
    ):
        roll = (bits(keys[row], position - int(flat.offsets[row])) >> 32) / 2**32
        assert kind == (MASK if roll < 0.8 else RANDOM if roll < 0.9 else KEEP)


def test_random_tokens_are_spread_over_the_pool():
    flat, rows = make_flat(3, 1000)
    masked = mask("random", flat, rows)
    drawn = masked.input_ids[masked.positions][masked.kinds == RANDOM]
    expected = len(drawn) / len(POOL)
    chi_square = ((np.bincount(drawn, minlength=N_IDS)[50:] - expected) ** 2 / expected).sum()
    assert chi_square < len(POOL) + 5 * np.sqrt(2 * len(POOL))


def test_a_word_without_similar_words_gets_random_ones():
    flat, rows = make_flat(9, 300)
    masked = mask("similar", flat, rows, known=False)
    assert SIMILAR not in masked.kinds
    assert abs((masked.kinds == UNPAIRED).mean() - 0.8) < 0.05
    assert np.isin(masked.input_ids[masked.positions][masked.kinds == UNPAIRED], POOL).all()


def test_similar_words_have_as_many_tokens_and_come_whole():
    words = [np.array([60, 61]), np.array([70])]
    table = make_table(words, [[np.array([80, 81]), np.array([90])], [np.array([82])]])
    flat = Flat(
        np.array([2, 60, 61, 70, 3] * 200, np.uint16),
        np.array([-1, 0, 0, 1, -1] * 200, np.int16),
        np.arange(0, 1001, 5),
        np.arange(200),
    )
    config = InstancesConfig(mask="wwm", replacement="similar", mask_prob=1.0, ratios=(1.0, 0.0, 0.0))
    masked = mask_batch(flat, config, TokenFacts(MASK_ID, POOL, table))
    assert np.array_equal(masked.input_ids, np.array([2, 80, 81, 82, 3] * 200))


def test_similar_needs_its_table():
    flat, _ = make_flat(10, 5)
    with pytest.raises(UsageError, match="similar"):
        mask_batch(flat, InstancesConfig(replacement="similar"), TokenFacts(MASK_ID, POOL))


def texts_of(row):
    """Lists of positions, one for each text between special tokens."""
    texts, before = [], -1
    for position, word in enumerate(row):
        if word >= 0:
            if before < 0:
                texts.append([])
            texts[-1].append(position)
        before = word
    return texts


def plain_shuffle(row, ids, chosen, key):
    """PERT's shuffle of one instance with plain loops: the new ids, and where what belongs in each place now stands."""
    new, labels = list(ids), {place: place for place in chosen}
    for text in texts_of(row):
        moving = [place for place in text if place in chosen and (bits(key, place) >> 32) / 2**32 < 0.9]
        order = sorted(moving, key=lambda place: bits(key, place + (1 << 40)))
        for place, source in zip(moving, order, strict=True):
            new[place] = ids[source]
            labels[source] = place
    return new, labels


def test_shuffling_is_what_plain_loops_do():
    flat, rows = make_flat(11, 60)
    masked = mask("shuffle", flat, rows)
    keys = rng.keys(0, "replace", 0, flat.instance_ids).tolist()
    for number, row in enumerate(rows):
        first, last = flat.offsets[number : number + 2].tolist()
        mine = slice(*masked.offsets[number : number + 2].tolist())
        places = (masked.positions[mine] - first).tolist()
        new, labels = plain_shuffle(row, flat.input_ids[first:last].tolist(), set(places), keys[number])
        assert masked.input_ids[first:last].tolist() == new
        assert masked.labels[mine].tolist() == [labels[place] for place in places]


def test_shuffling_keeps_what_a_text_holds():
    flat, rows = make_flat(12, 300)
    masked = mask("shuffle", flat, rows)
    for row, first in zip(rows, flat.offsets[:-1].tolist(), strict=True):
        for text in texts_of(row):
            places = first + np.array(text)
            assert sorted(masked.input_ids[places]) == sorted(flat.input_ids[places])


@pytest.mark.parametrize(("length", "least"), [(128, 0.82), (512, 0.87)])
def test_nine_tenths_of_what_is_chosen_moves(length, least):
    """A token may come to stand where it was: of a permutation, one does on average."""
    random = np.random.default_rng(0)
    words = np.sort(random.integers(0, length // 2, length - 2))
    row = np.concatenate([[-1], np.unique(words, return_inverse=True)[1], [-1]]).astype(np.int16)
    n = 200
    ids = random.integers(50, N_IDS, n * length).astype(np.uint16)
    flat = Flat(ids, np.tile(row, n), np.arange(n + 1) * length, np.arange(n))
    masked = mask_batch(flat, InstancesConfig(mask="pert"), TokenFacts(MASK_ID, POOL))
    assert least < (masked.kinds == MOVED).mean() < 0.91


def test_no_two_runs_of_different_instances_are_one_word():
    """The last word of one instance and the first of the next may have the same number and adjoining places."""
    ids = np.array([2, 60, 3, 2, 2, 61, 3], np.uint16)
    words = np.array([-1, 0, -1, -1, -1, 0, -1], np.int16)
    table = make_table([np.array([60]), np.array([61])], [[np.array([70])], [np.array([71])]])
    flat = Flat(ids, words, np.array([0, 3, 7]), np.array([0, 1]))
    config = InstancesConfig(replacement="similar", mask_prob=1.0, ratios=(1.0, 0.0, 0.0))
    masked = mask_batch(flat, config, TokenFacts(MASK_ID, POOL, table))
    assert masked.input_ids.tolist() == [2, 70, 3, 2, 2, 71, 3]
    assert masked.kinds.tolist() == [SIMILAR] * 2
