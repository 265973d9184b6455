"""Corrupted instances on disk: static equals dynamic, undone they are the clean ones, and damage is told."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from made_words import make_documents, words_batch

from zhprep import vocab
from zhprep.core.errors import UsageError
from zhprep.core.report import Account
from zhprep.instances import Flat, InstanceBuilder, InstancesConfig, Materials, build_instances, corrupt_batch
from zhprep.instances.corruptions import CORRUPTIONS
from zhprep.instances.inspect import lint_corrupted
from zhprep.instances.inspect.restore import restore_corrupted
from zhprep.instances.layout import FORMATS

WHOLE = [*((name,) for name in CORRUPTIONS), ("permute", "infill"), ("permute", "mask", "delete", "infill", "rotate")]
corruptions = pytest.mark.parametrize("names", WHOLE, ids=",".join)
FORMAT = {"max_length": 64, "format": "full-sentences", "seed": 7}


@pytest.fixture(scope="module")
def vocabulary():
    config = vocab.VocabConfig(size=240, unused=60)
    return vocab.train(vocab.count(words_batch(make_documents(99, 200)), config), config)


@pytest.fixture(scope="module")
def make(vocabulary):
    encoder = vocab.Encoder(vocabulary)

    def make(documents, *, rows=10**6, account=None, **settings):
        batch = words_batch(documents)
        materials = Materials.of(InstancesConfig(**FORMAT | settings), vocabulary, encoder)
        builder = InstanceBuilder(materials, account=account, window=2000, block=2)
        parts = [batch.slice(first, rows) for first in range(0, batch.num_rows, rows)]
        return pa.Table.from_batches(build_instances(parts, builder), builder.schema), materials.facts

    return make


def flat_of(table):
    rows = table.to_pylist()
    return Flat(
        np.concatenate([np.array(row["input_ids"], np.uint16) for row in rows]),
        np.concatenate([np.array(row["word_ids"], np.int16) for row in rows]),
        np.cumsum([0, *(len(row["input_ids"]) for row in rows)]),
        np.array([row["instance_id"] for row in rows]),
    )


@corruptions
def test_static_duplicate_equals_dynamic_epoch(make, names):
    documents = make_documents(3, 60)
    clean, facts = make(documents, corruption=names)
    static, _ = make(documents, corruption=names, static=True, dupe_factor=3)
    on_disk = {(row["dupe"], row["instance_id"]): row for row in static.to_pylist()}
    assert len(on_disk) == 3 * clean.num_rows
    mixed = clean.take(np.random.default_rng(0).permutation(clean.num_rows))
    config = InstancesConfig(corruption=names, **FORMAT)
    for epoch in range(3):
        text = corrupt_batch(flat_of(mixed), config, facts, epoch)
        for number, row in enumerate(mixed.to_pylist()):
            found = on_disk[epoch, row["instance_id"]]
            tokens = slice(text.offsets[number], text.offsets[number + 1])
            assert text.input_ids[tokens].tolist() == found["input_ids"]
            assert (text.word_ids[tokens] < 0).tolist() == [flag == 1 for flag in found["special_tokens_mask"]]
            labels = text.labels[text.label_offsets[number] : text.label_offsets[number + 1]]
            assert labels.tolist() == found["labels"]
            assert row["word_ids"] == found["clean_word_ids"]
            assert (text.prefix_lengths is None) == ("prefix_length" not in found)
            if text.prefix_lengths is not None:
                assert int(text.prefix_lengths[number]) == found["prefix_length"]


@corruptions
def test_undone_they_are_the_clean_instances(make, names):
    documents = make_documents(4, 60)
    clean, facts = make(documents, corruption=names)
    static, _ = make(documents, corruption=names, static=True)
    sentinels = facts.sentinels if names == ("sentinels",) else None
    parts = [restore_corrupted(batch, sentinels) for batch in static.to_batches()]
    expected = flat_of(clean)
    for field in ("input_ids", "word_ids", "instance_ids"):
        assert np.array_equal(np.concatenate([getattr(flat, field) for flat, _ in parts]), getattr(expected, field))


@corruptions
def test_rows_do_not_depend_on_how_the_block_is_cut(make, names):
    documents = make_documents(1, 60)
    whole, _ = make(documents, corruption=names, static=True, dupe_factor=2)
    assert make(documents, rows=7, corruption=names, static=True, dupe_factor=2)[0].equals(whole)


def test_the_account_counts_sources_and_targets(make):
    account = Account()
    table, _ = make(make_documents(5, 60), account=account, corruption=("infill",), static=True, dupe_factor=2)
    assert account.counts["source_tokens"] == sum(map(len, table["input_ids"].to_pylist()))
    assert account.counts["target_tokens"] == sum(map(len, table["labels"].to_pylist())) == account.counts["tokens"]


@pytest.mark.parametrize("static", [False, True])
@pytest.mark.parametrize("name", FORMATS)
def test_formats_with_more_than_one_text_are_refused(make, name, static):
    settings = {"format": name, "corruption": ("infill",), "static": static}
    if name in ("full-sentences", "doc-sentences", "single", "chinesebert"):
        assert make(make_documents(6, 20), **settings)[0].num_rows
        return
    with pytest.raises(UsageError, match="takes instances of one text and nothing beside it") as caught:
        make(make_documents(6, 20), **settings)
    assert "--format full-sentences" in caught.value.hint


def test_a_vocabulary_with_too_few_sentinels_is_refused_also_for_dynamic_data(make):
    with pytest.raises(UsageError, match=r"has 60 sentinels .* need up to 78"):
        make([], corruption=("sentinels",), max_length=512, mask_prob=0.45)


@pytest.mark.parametrize("seed", range(6))
def test_many_duplicates_have_no_problems(make, seed):
    settings = {"corruption": ("infill",), "static": True, "dupe_factor": 200, "seed": seed}
    table, facts = make(make_documents(seed, 4), **settings)
    assert list(lint_corrupted(table.to_batches(), InstancesConfig(**FORMAT | settings), facts).problems()) == []


@corruptions
@pytest.mark.parametrize("static", [False, True])
def test_good_data_have_no_problems(make, names, static):
    table, facts = make(make_documents(8, 150), corruption=names, static=static, dupe_factor=2)
    config = InstancesConfig(corruption=names, **FORMAT)
    sides = lint_corrupted(table.to_batches(), config, facts)
    assert list(sides.problems()) == []
    figures = sides.statistics()
    assert figures["instances"] == table.num_rows
    changes = set(names) & {"mask", "delete", "infill", "sentinels"}
    assert (figures["changed_share"] > 0.09) == bool(changes)
    assert figures["changed_share"] < 0.19 * max(len(changes), 1)
    assert ("prefix_share" in figures) == (names == ("prefix",))


def damaged(table, change):
    """The batches of a table, the first three rows changed."""
    batches = table.to_batches()
    rows = batches[0].to_pylist()
    for row in rows[:3]:
        change(row)
    changed = pa.RecordBatch.from_pylist(rows, schema=table.schema)
    return [changed, *batches[1:]]


def swap(column):
    def change(row):
        row[column][1], row[column][2] = row[column][2], row[column][1]

    return change


DAMAGE = [
    (("permute", "infill"), swap("input_ids")),
    (("infill",), lambda row: row["labels"].pop()),
    (("delete",), lambda row: row["input_ids"].pop(1)),
    (("rotate",), lambda row: row.update(dupe=1)),
    (("prefix",), lambda row: row.update(prefix_length=row["prefix_length"] + 1)),
    (("sentinels",), lambda row: row["labels"].pop(0)),
    (("sentinels",), lambda row: row["labels"].insert(1, 50)),
    (("causal",), swap("labels")),
]


@pytest.mark.parametrize(("names", "change"), DAMAGE)
def test_damage_is_told(make, names, change):
    table, facts = make(make_documents(9, 60), corruption=names, static=True)
    sides = lint_corrupted(damaged(table, change), InstancesConfig(corruption=names, **FORMAT), facts)
    problems = list(sides.problems())
    assert len(problems) == 1
    assert problems[0] in ("instances that are not as drawn: 3", "instances that cannot be put together again: 3")


def test_other_settings_than_the_manifest_says_are_told(make):
    table, facts = make(make_documents(9, 60), corruption=("infill",), static=True, mask_prob=0.3)
    sides = lint_corrupted(table.to_batches(), InstancesConfig(corruption=("infill",), **FORMAT), facts)
    assert any("not as drawn" in problem for problem in sides.problems())
