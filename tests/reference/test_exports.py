"""Exports, read by the packages that they are for, where those are installed."""

from __future__ import annotations

import json

import pytest
from training_data import write_instances, write_vocabulary

from zhprep.core.shards import open_table
from zhprep.export import EXPORTS

pytestmark = pytest.mark.reference


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = write_instances(tmp_path_factory.mktemp("made") / "data", 300)
    write_vocabulary(folder / "vocab")
    return folder


def test_mosaicml_streaming_reads_the_shards(data, tmp_path):
    reader = pytest.importorskip("streaming.base.format.mds.reader")
    EXPORTS["mds"](data, tmp_path)
    (shard,) = json.loads((tmp_path / "index.json").read_text())["shards"]
    samples = reader.MDSReader.from_json(str(tmp_path), "", shard)
    samples.validate(allow_unsafe_types=False)
    rows = open_table(data).to_pylist()
    assert samples.samples == len(rows)
    for number, row in enumerate(rows):
        found = samples.decode_sample(samples.get_sample_data(number))
        assert {name: value.tolist() for name, value in found.items()} == row


def test_the_tfrecord_package_reads_the_records(data, tmp_path):
    reader = pytest.importorskip("tfrecord.reader")
    *names, _ = EXPORTS["tfrecord"](data, tmp_path)
    records = [record for name in names for record in reader.tfrecord_loader(str(tmp_path / name), None)]
    rows = open_table(data).to_pylist()
    assert len(records) == len(rows)
    for record, row in zip(records, rows, strict=True):
        n_tokens = len(row["input_ids"])
        assert record["input_mask"].tolist() == [1] * n_tokens + [0] * (512 - n_tokens)
        assert record["segment_ids"][:n_tokens].tolist() == row["token_type_ids"]
        assert record["next_sentence_labels"].tolist() == [row["next_sentence_label"]]
        assert record["masked_lm_weights"].sum() >= 1
