"""Masks of two granularities are tied: a coarse token is masked if and only if its fine tokens are (AMBERT §3.2)."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pyarrow as pa
import pytest
from fixed_encoder import FixedEncoder
from made_words import make_documents, words_batch

from zhprep import vocab
from zhprep.core.errors import UsageError
from zhprep.core.report import Account
from zhprep.instances import InstanceBuilder, InstancesConfig, Materials, build_instances, facts_of
from zhprep.instances.inspect import lint
from zhprep.instances.inspect.restore import coarse_of, restore_masked
from zhprep.instances.layout import Reader
from zhprep.instances.masks import KEEP, MASK, RANDOM, mask_batch, masking


@pytest.fixture(scope="module")
def coarse_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("coarse") / "vocab"
    folder.mkdir()
    config = vocab.VocabConfig(type="mixed", size=400)
    vocab.write(vocab.train(vocab.count(words_batch(make_documents(99, 200)), config), config), folder)
    return folder


def settings(coarse_folder, **own):
    plain = {"format": "full-sentences", "max_length": 64, "mask": "wwm", "budget": "probabilistic", "per": "word"}
    return InstancesConfig(**plain | {"coarse_vocab": str(coarse_folder), **own})


def batch_of(vocabulary, encoder, config, n_documents=60, account=None):
    builder = InstanceBuilder(Materials.of(config, vocabulary, encoder), window=2000, account=account)
    table = pa.Table.from_batches(
        build_instances([words_batch(make_documents(1, n_documents))], builder), builder.schema
    )
    return table.combine_chunks().to_batches()[0]


def plainly_tied(flat, masked, mask_ids, per):
    """Go through all coarse tokens one by one; return what was done with how many."""
    chosen = dict(zip(masked.positions.tolist(), masked.kinds.tolist(), strict=True))
    coarse = dict(zip(masked.coarse.positions.tolist(), masked.coarse.kinds.tolist(), strict=True))
    labels = dict(zip(masked.coarse.positions.tolist(), masked.coarse.labels.tolist(), strict=True))
    done = {MASK: 0, RANDOM: 0, KEEP: 0}
    for row in range(len(flat.instance_ids)):
        begin, base = flat.offsets[row], flat.coarse.offsets[row]
        of = flat.coarse.of[begin : flat.offsets[row + 1]]
        for place in range(flat.coarse.offsets[row + 1] - base):
            fine = [begin + one for one in np.flatnonzero(of == place).tolist()]
            assert len({one in chosen for one in fine}) <= 1
            if not fine:
                continue
            assert (base + place in coarse) == (fine[0] in chosen)
            if base + place not in coarse:
                assert masked.coarse.input_ids[base + place] == flat.coarse.input_ids[base + place]
                continue
            kind = coarse[base + place]
            done[kind] += 1
            assert labels[base + place] == flat.coarse.input_ids[base + place]
            assert (masked.coarse.input_ids[base + place] == mask_ids[1]) == (kind == MASK)
            if per == "word":
                assert {chosen[one] for one in fine} == {kind}
    return done


@pytest.mark.parametrize("per", ["word", "token"])
def test_both_are_masked_or_neither(vocabulary, encoder, coarse_folder, per):
    config = settings(coarse_folder, per=per)
    flat, _ = restore_masked(batch_of(vocabulary, encoder, config), config)
    facts = facts_of(config, vocabulary)
    masked = mask_batch(flat, config, facts, 3)
    done = plainly_tied(flat, masked, (facts.mask, facts.coarse.mask), per)
    n_coarse = len(np.unique(np.repeat(flat.coarse.offsets[:-1], np.diff(flat.offsets))[flat.coarse.of >= 0]
                             + flat.coarse.of[flat.coarse.of >= 0]))  # fmt: skip
    assert sum(done.values()) / n_coarse == pytest.approx(0.15, abs=0.01)
    assert done[MASK] / sum(done.values()) == pytest.approx(0.8, abs=0.06)
    assert min(done.values()) > 10


def test_the_batch_may_be_cut_anywhere(vocabulary, encoder, coarse_folder, monkeypatch):
    config = settings(coarse_folder)
    flat, _ = restore_masked(batch_of(vocabulary, encoder, config), config)
    facts = facts_of(config, vocabulary)
    whole = mask_batch(flat, config, facts, 1)
    monkeypatch.setattr(masking, "BLOCK", 200)
    cut = mask_batch(dataclasses.replace(flat), config, facts, 1)
    for one, other in ((whole, cut), (whole.coarse, cut.coarse)):
        for name in ("input_ids", "positions", "offsets", "labels", "kinds"):
            assert np.array_equal(getattr(one, name), getattr(other, name)), name


def test_masks_on_disk_are_those_of_the_epochs_and_a_broken_tie_is_found(vocabulary, encoder, coarse_folder):
    config = settings(coarse_folder, static=True, dupe_factor=2)
    batch = batch_of(vocabulary, encoder, config)
    second = batch.filter(pa.array(batch["dupe"].to_numpy() == 1))
    clean, found = restore_masked(second, config)
    drawn = mask_batch(clean, config, facts_of(config, vocabulary), 1)
    for name in ("input_ids", "positions", "labels"):
        assert np.array_equal(getattr(found.coarse, name), getattr(drawn.coarse, name)), name
    assert not np.array_equal(coarse_of(second).input_ids, clean.coarse.input_ids)
    assert not lint([batch], config, facts_of(config, vocabulary)).problems
    shifted = pa.array([[place + 1 for place in row] for row in batch["coarse_masked_lm_positions"].to_pylist()])
    number = batch.schema.get_field_index("coarse_masked_lm_positions")
    field = batch.schema.field(number)
    broken = batch.set_column(number, field, shifted.cast(field.type))
    assert "coarse tokens masked otherwise" in lint([broken], config, facts_of(config, vocabulary)).problems[0]


@pytest.mark.parametrize(
    ("fine", "coarse", "of"),
    [
        ([0, 1, 2, 3, 4, 5], [0, 2, 5], [0, 0, 1, 1, 1]),
        ([0, 2, 4, 5], [0, 1, 3, 4, 5], [0, 0, 3]),  # they cross: 0-4 is one word
        ([0, 1, 5], [0, 1, 2, 3, 4, 5], [0, 1]),  # the coarse ones are finer
        ([0, 3, 5], [0, 2, 5], [0, 0]),
    ],
)
def test_tokens_that_do_not_nest_are_one_word(fine, coarse, of):
    reader = Reader(FixedEncoder(fine, 10), FixedEncoder(coarse, 10))
    tokens = reader.read(words_batch([[["甲", "ab", "cd"]]]), 0, Account()).tokens
    assert tokens.coarse.of.tolist() == of
    assert tokens.opens.tolist() == [True, *(one != before for before, one in itertools.pairwise(of))]
    every = tokens.take(np.array([0]), np.array([len(tokens)]))
    assert every.coarse.ids.tolist() == tokens.coarse.ids.tolist()  # none is lost at the end
    first = next((place for place, one in enumerate(of) if one != of[0]), len(of))
    taken = tokens.take(np.array([0]), np.array([first]))
    assert len(taken.coarse.ids) == (of[first] if first < len(of) else len(tokens.coarse.ids))


def test_instances_of_too_many_coarse_tokens_are_dropped_and_counted(vocabulary, encoder, tmp_path):
    """A coarse vocabulary without words has more tokens than a fine one with pieces of words of letters."""
    (tmp_path / "letters").mkdir()
    config = vocab.VocabConfig(type="char", size=300)
    vocab.write(vocab.train(vocab.count(words_batch(make_documents(99, 200)), config), config), tmp_path / "letters")
    account = Account()
    batch = batch_of(vocabulary, encoder, settings(tmp_path / "letters", max_length=40), account=account)
    lengths = np.diff(coarse_of(batch).offsets)
    assert lengths.max() <= 40
    assert account.dropped["instances.coarse_too_long"] > 0


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ({"mask": "char"}, "chooses parts of words"),
        ({"mask": "chinesebert"}, "chooses parts of words"),
        ({"replacement": "similar"}, "for tokens of one vocabulary"),
        ({"mask": "pert"}, "'shuffle' is for tokens of one vocabulary"),
    ],
)
def test_what_cannot_be_tied_is_refused(own, told):
    with pytest.raises(UsageError, match=told):
        settings("V", **own)
