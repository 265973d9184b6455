"""The builder: the same rows however the input is cut, an account that adds up, static equals dynamic."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pytest
from made_words import make_documents, words_batch

from zhprep.core.report import Account
from zhprep.instances import Flat, InstanceBuilder, InstancesConfig, Materials, TokenFacts, build_instances, mask_batch
from zhprep.instances.layout import FORMATS
from zhprep.instances.masks import REPLACEMENTS, STRATEGIES
from zhprep.instances.similar.table import make_table


def facts_of(vocabulary):
    """What replacing needs, with a similar character for every other one."""
    facts = TokenFacts.of(vocabulary)
    words = [np.array([token]) for token in facts.pool[::2].tolist()]
    return dataclasses.replace(facts, similar=make_table(words, [[word + 1] for word in words]))


formats = pytest.mark.parametrize("name", FORMATS)


@pytest.fixture
def make(vocabulary, encoder):
    def make(documents, *, rows=10**6, account=None, window=2000, block=0, facts=None, **settings):
        batch = words_batch(documents)
        materials = Materials.of(InstancesConfig(**{"max_length": 64} | settings), vocabulary, encoder)
        if facts is not None:
            materials = dataclasses.replace(materials, facts=facts)
        builder = InstanceBuilder(materials, account=account, window=window, block=block)
        parts = [batch.slice(first, rows) for first in range(0, batch.num_rows, rows)]
        return pa.Table.from_batches(build_instances(parts, builder), builder.schema)

    return make


@formats
def test_rows_do_not_depend_on_how_the_block_is_cut(make, name):
    documents = make_documents(1, 120)
    whole = make(documents, format=name, static=True, dupe_factor=2)
    for rows in (1, 7):
        assert make(documents, rows=rows, format=name, static=True, dupe_factor=2).equals(whole)


@formats
def test_ids_count_the_instances_of_the_block(make, name):
    table = make(make_documents(2, 60), format=name, block=3)
    assert table["instance_id"].to_pylist() == [(3 << 32) + number for number in range(table.num_rows)]


@pytest.mark.parametrize("mask", STRATEGIES)
@pytest.mark.parametrize("replacement", REPLACEMENTS)
def test_static_duplicate_equals_dynamic_epoch(make, vocabulary, mask, replacement):
    facts = facts_of(vocabulary)
    settings = {"mask": mask, "replacement": replacement, "seed": 7}
    documents = make_documents(3, 60)
    clean = make(documents, **settings)
    static = make(documents, static=True, dupe_factor=3, facts=facts, **settings).to_pylist()
    order = np.random.default_rng(0).permutation(clean.num_rows)
    rows = [clean.slice(i, 1).to_pylist()[0] for i in order.tolist()]
    flat = Flat(
        np.concatenate([np.array(row["input_ids"], np.uint16) for row in rows]),
        np.concatenate([np.array(row["word_ids"], np.int16) for row in rows]),
        np.cumsum([0, *(len(row["input_ids"]) for row in rows)]),
        np.array([row["instance_id"] for row in rows]),
    )
    on_disk = {(row["dupe"], row["instance_id"]): row for row in static}
    assert len(on_disk) == 3 * clean.num_rows
    for epoch in range(3):
        masked = mask_batch(flat, InstancesConfig(max_length=64, **settings), facts, epoch)
        for number, row in enumerate(rows):
            expected = on_disk[epoch, row["instance_id"]]
            tokens = slice(flat.offsets[number], flat.offsets[number + 1])
            chosen = slice(masked.offsets[number], masked.offsets[number + 1])
            assert masked.input_ids[tokens].tolist() == expected["input_ids"]
            assert (masked.positions[chosen] - flat.offsets[number]).tolist() == expected["masked_lm_positions"]
            assert masked.labels[chosen].tolist() == expected["masked_lm_ids"]
            assert masked.kinds[chosen].tolist() == expected["mask_kind"]


def test_duplicates_have_other_masks(make):
    table = make(make_documents(4, 60), static=True, dupe_factor=2).to_pylist()
    positions = {(row["dupe"], row["instance_id"]): row["masked_lm_positions"] for row in table}
    same = [positions[0, row] == positions[1, row] for dupe, row in positions if dupe == 0]
    assert np.mean(same) < 0.1


def test_putting_the_labels_back_gives_the_clean_instance(make):
    documents = make_documents(5, 60)
    clean = make(documents)["input_ids"].to_pylist()
    for row, expected in zip(make(documents, static=True).to_pylist(), clean, strict=True):
        ids = list(row["input_ids"])
        for position, label in zip(row["masked_lm_positions"], row["masked_lm_ids"], strict=True):
            ids[position] = label
        assert ids == expected


@formats
def test_the_account_adds_up(make, vocabulary, name):
    account = Account()
    table = make(make_documents(6, 120), account=account, format=name, static=True)
    counts = account.counts
    assert counts["instances"] == table.num_rows
    assert counts["tokens"] == sum(map(len, table["input_ids"].to_pylist()))
    assert counts["masked_tokens"] == sum(map(len, table["mask_kind"].to_pylist()))
    special = sum(map(sum, table["special_tokens_mask"].to_pylist()))
    dropped = sum(n for reason, n in account.dropped.items() if reason.startswith("tokens."))
    inserted = sum(n for reason, n in account.inserted.items() if reason.startswith("tokens."))
    assert counts["encoded_tokens"] == counts["tokens"] - special + dropped - inserted


@formats
def test_an_instance_is_laid_out_as_the_contract_says(make, vocabulary, name):
    for row in make(make_documents(7, 120), format=name).to_pylist():
        ids, words, special = row["input_ids"], row["word_ids"], row["special_tokens_mask"]
        assert len(ids) == len(words) == len(special) <= 64
        assert ids[0] == vocabulary.cls
        assert ids[-1] == vocabulary.sep
        assert [id_ in (vocabulary.cls, vocabulary.sep) for id_ in ids] == [flag == 1 for flag in special]
        assert [word == -1 for word in words] == [flag == 1 for flag in special]
        real = [word for word in words if word >= 0]
        assert sorted(set(real)) == list(range(real[-1] + 1))
        assert real == sorted(real)
        for before, middle, after in zip(words, words[1:], words[2:], strict=False):
            assert not (middle == -1 and before == after >= 0)


def test_words_are_those_of_the_segmenter(make, vocabulary):
    documents = make_documents(8, 40)
    known = {"".join(words) for sentences in documents for words in sentences}
    spelled = {"".join(words): words for sentences in documents for words in sentences}
    for row in make(documents, format="full-sentences", max_length=512).to_pylist():
        tokens = [vocabulary.tokens[i].removeprefix("##") for i in row["input_ids"]]
        words = {}
        for token, word in zip(tokens, row["word_ids"], strict=True):
            if word >= 0:
                words[word] = words.get(word, "") + token
        text = "".join(words.values())
        for sentence in text.split("。")[:-1]:
            assert sentence + "。" in known or "transformer" in sentence
        assert all(word in spelled or any(word in units for units in spelled.values()) for word in words.values())


@formats
@pytest.mark.parametrize("static", [False, True])
def test_the_schema_is_known_without_documents(make, vocabulary, encoder, name, static):
    config = InstancesConfig(format=name, max_length=64, static=static)
    builder = InstanceBuilder(Materials.of(config, vocabulary, encoder))
    assert list(build_instances([words_batch([])], builder)) == []
    assert builder.schema.equals(make(make_documents(9, 3), format=name, static=static).schema, check_metadata=True)


def test_a_word_longer_than_an_instance_is_cut_and_nothing_is_lost(make):
    account = Account()
    rows = make([[["的" * 300]]], format="doc-sentences", account=account).to_pylist()
    assert account.changed["sentences.cut_to_length"] == 1
    assert sum(len(row["input_ids"]) - 2 for row in rows) == 300
    for row in rows:
        assert row["word_ids"] == [-1, *[0] * (len(row["input_ids"]) - 2), -1]
