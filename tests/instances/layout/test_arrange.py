"""Order, bins and splits: the same instances with the same ids, elsewhere."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from made_words import make_documents, words_batch

from zhprep.core.report import Account
from zhprep.instances import InstancesConfig, Materials, build_instances, builder_of
from zhprep.instances.layout import FORMATS, VALIDATION, for_validation, is_validation


def build(vocabulary, encoder, documents, account=None, **settings):
    config = InstancesConfig(**{"max_length": 64} | settings)
    builder = builder_of(Materials.of(config, vocabulary, encoder), window=3000, account=account)
    return pa.Table.from_batches(build_instances([words_batch(documents)], builder), builder.schema)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("settings", [{"shuffle": True}, {"bin_size": 16}, {"shuffle": True, "bin_size": 16}])
def test_the_same_rows_in_another_order(vocabulary, encoder, name, settings):
    documents = make_documents(1, 80)
    static = {"static": True, "format": name}
    plain = build(vocabulary, encoder, documents, **static).sort_by("instance_id")
    moved = build(vocabulary, encoder, documents, **static, **settings)
    assert moved.sort_by("instance_id").equals(plain)
    assert moved["instance_id"].to_pylist() != plain["instance_id"].to_pylist()


def test_bins_hold_rows_of_like_length(vocabulary, encoder):
    table = build(vocabulary, encoder, make_documents(2, 30), format="single", bin_size=8, shuffle=True)
    lengths = np.array([len(ids) for ids in table["input_ids"].to_pylist()])
    bins = (lengths - 1) // 8
    assert (np.diff(bins) < 0).sum() <= 5  # only where a window ends
    assert (np.diff(bins) > 0).sum() > 5


def test_a_document_is_in_one_split(vocabulary, encoder):
    documents = make_documents(3, 400, most_sentences=3)
    documents += documents[:50]  # equal text falls on the same side
    settings = {"format": "single", "validation_fraction": 0.2}
    texts, accounts = {}, {}
    for split in ("train", "validation", "all"):
        accounts[split] = Account()
        table = build(vocabulary, encoder, documents, account=accounts[split], split=split, **settings)
        texts[split] = {tuple(ids) for ids in table["input_ids"].to_pylist()}
    assert texts["train"] | texts["validation"] == texts["all"]
    assert len(texts["train"] & texts["validation"]) < 0.01 * len(texts["all"])
    n_train = accounts["validation"].counts["documents_of_other_split"]
    assert accounts["train"].counts["documents_of_other_split"] + n_train == 450
    assert abs(n_train / 450 - 0.8) < 0.08


@pytest.mark.parametrize("name", FORMATS)
def test_apart_is_both_sides_and_they_share_no_text(vocabulary, encoder, name):
    documents = make_documents(3, 300, most_sentences=5)
    tables = {
        split: build(vocabulary, encoder, documents, split=split, format=name, validation_fraction=0.2)
        for split in ("train", "validation", "apart")
    }
    apart = tables["apart"]
    held_out = is_validation(apart["instance_id"].to_numpy())
    assert 0.1 < held_out.mean() < 0.3
    for side, split in ((~held_out, "train"), (held_out, "validation")):
        part = apart.filter(pa.array(side))
        assert (part["instance_id"].to_numpy() % VALIDATION).tolist() == list(range(part.num_rows))
        if name in ("full-sentences", "doc-sentences", "single", "packed"):  # others draw by the number of the instance
            assert part["input_ids"].to_pylist() == tables[split]["input_ids"].to_pylist()


def test_a_slice_of_a_batch_is_split_like_the_whole(vocabulary, encoder):
    batch = words_batch(make_documents(4, 60))
    whole = for_validation(batch, 0.3)
    assert 5 < whole.sum() < 40
    assert (
        np.concatenate([for_validation(batch.slice(first, 7), 0.3) for first in range(0, 60, 7)]).tolist()
        == whole.tolist()
    )
    assert not for_validation(batch, 0.0).any()
    assert for_validation(batch.slice(0, 0), 0.3).tolist() == []


@pytest.mark.parametrize("sentences", [[[], []], [[""], [""]], [["文"], []]])
def test_documents_without_text_are_on_a_side_too(sentences):
    batch = pa.RecordBatch.from_pydict({"sentences": pa.array(sentences, pa.list_(pa.string()))})
    assert for_validation(batch, 1.0).tolist() == [True, True]
    assert for_validation(batch, 0.0).tolist() == [False, False]
