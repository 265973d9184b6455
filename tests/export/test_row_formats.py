"""parquet, jsonl, megatron, ernie: read back, every row is the table's."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from plain_exports import read_indexed, read_mds
from training_data import pair, write_instances, write_vocabulary

from zhprep.core import schema
from zhprep.core.errors import DataError, UsageError
from zhprep.core.shards import open_table
from zhprep.export import EXPORTS
from zhprep.export.ernie import seg_labels
from zhprep.export.mds import interleaved

N_ROWS = 2500


@pytest.mark.parametrize("kind", ["clean", "static"])
def test_parquet(kind, request, tmp_path):
    source = request.getfixturevalue(kind)
    names = EXPORTS["parquet"](source, tmp_path)
    assert names == ["data-00000-of-00002.parquet", "data-00001-of-00002.parquet", "export.json"]
    tables = [pq.read_table(tmp_path / name) for name in names[:2]]
    expected = open_table(source)
    assert tables[0].schema.metadata == expected.schema.metadata
    assert tables[0].cast(expected.schema).schema == expected.schema  # Parquet calls the items of lists otherwise
    assert [str(kind).replace("element", "item") for kind in tables[0].schema.types] == [
        str(kind) for kind in expected.schema.types
    ]
    assert [row for table in tables for row in table.to_pylist()] == expected.to_pylist()


@pytest.mark.parametrize("kind", ["clean", "static"])
def test_jsonl(kind, request, tmp_path):
    source = request.getfixturevalue(kind)
    *names, _ = EXPORTS["jsonl"](source, tmp_path)
    found = [json.loads(line) for name in names for line in (tmp_path / name).read_text().splitlines()]
    assert found == open_table(source).to_pylist()
    assert json.loads((tmp_path / "export.json").read_text())["left_out"] == []


@pytest.mark.parametrize("kind", ["clean", "static"])
def test_megatron_has_each_instance_once_and_clean(kind, request, tmp_path):
    names = EXPORTS["megatron"](request.getfixturevalue(kind), tmp_path)
    assert names == ["data.bin", "data.idx", "export.json"]
    assert read_indexed(tmp_path / "data") == [pair(number)["input_ids"] for number in range(N_ROWS)]


def test_megatron_has_32_bits_for_a_large_vocabulary(clean, tmp_path, monkeypatch):
    monkeypatch.setattr("zhprep.export.megatron._SMALL", 10)
    EXPORTS["megatron"](clean, tmp_path)
    assert read_indexed(tmp_path / "data")[7] == pair(7)["input_ids"]


@pytest.mark.parametrize("kind", ["clean", "static"])
def test_ernie_has_each_instance_once_and_clean(kind, request, tmp_path):
    *names, filelist, _ = EXPORTS["ernie"](request.getfixturevalue(kind), tmp_path)
    assert (tmp_path / filelist).read_text() == "".join(f"{name}\t1\n" for name in names)
    lines = [line for name in names for line in gzip.decompress((tmp_path / name).read_bytes()).decode().splitlines()]
    assert len(lines) == N_ROWS
    for number, line in enumerate(lines):
        *columns, label = line.split(";")
        ids, segments, positions, words = ([int(value) for value in column.split(" ")] for column in columns)
        row = pair(number)
        assert ids == row["input_ids"]
        assert segments == row["token_type_ids"]
        assert positions == list(range(len(ids)))
        assert words == [-1 if word < 0 else 0 for word in row["word_ids"]]  # each word of one character
        assert int(label) == 1 - row["next_sentence_label"]


@pytest.mark.parametrize("kind", ["clean", "static"])
@pytest.mark.parametrize("limit", [None, 20_000])
def test_mds(kind, limit, request, tmp_path, monkeypatch):
    if limit:
        monkeypatch.setattr("zhprep.export.mds.SIZE_LIMIT", limit)
    source = request.getfixturevalue(kind)
    *names, index, record = EXPORTS["mds"](source, tmp_path)
    assert (index, record) == ("index.json", "export.json")
    assert len(names) > 9 if limit else names == ["shard.00000.mds"]
    assert all((tmp_path / name).stat().st_size <= (limit or 1 << 26) for name in names)
    rows = open_table(source).to_pylist()
    assert list(read_mds(tmp_path)) == rows


def test_mds_has_long_lists(tmp_path):
    folder = tmp_path / "data"
    row = {"input_ids": [7] * 300, "word_ids": [-1, *range(299)], "instance_id": 1 << 40}
    layout = schema.instances(list(row), pa.int32())
    folder.mkdir()
    with pa.ipc.new_stream(folder / "data-00000-of-00001.arrow", layout) as writer:
        writer.write_table(pa.Table.from_pylist([row, {**row, "input_ids": [1] * 255}], schema=layout))
    shards = [{"name": path.name, "bytes": path.stat().st_size} for path in folder.glob("data-*")]
    manifest = {"table": "instances", "version": schema.VERSION, "shards": shards, "content_sha256": ""}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    EXPORTS["mds"](folder, tmp_path)
    assert list(read_mds(tmp_path)) == open_table(folder).to_pylist()


def test_mds_refuses_an_empty_list(tmp_path):
    folder = tmp_path / "data"
    layout = schema.instances(["input_ids", "masked_lm_ids"], pa.uint16())
    folder.mkdir()
    with pa.ipc.new_stream(folder / "data-00000-of-00001.arrow", layout) as writer:
        writer.write_table(pa.Table.from_pylist([{"input_ids": [1], "masked_lm_ids": []}], schema=layout))
    shards = [{"name": path.name, "bytes": path.stat().st_size} for path in folder.glob("data-*")]
    manifest = {"table": "instances", "version": schema.VERSION, "shards": shards, "content_sha256": ""}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(UsageError, match="has no masked_lm_ids"):
        EXPORTS["mds"](folder, tmp_path)


def test_rows_of_bytes_beside_one_another():
    first = (np.frombuffer(b"aabccc", np.uint8), np.array([2, 1, 3]))
    second = (np.frombuffer(b"XYY", np.uint8), np.array([1, 0, 2]))
    found, offsets = interleaved([first, second])
    assert (found.tobytes(), offsets.tolist()) == (b"aaXbcccYY", [0, 3, 4, 9])


def test_words_begin_where_their_number_changes():
    words = np.array([-1, 0, 0, 1, -1, 2, 2, 2, -1, 0, 0, 0])
    found = seg_labels(words, np.array([0, 9, 10, 12]))
    assert found.tolist() == [-1, 0, 1, 0, -1, 0, 1, 1, -1, 0, 0, 1]


@pytest.mark.parametrize("form", ["parquet", "jsonl", "tfrecord", "hdf5", "megatron", "mds", "ernie"])
def test_what_is_no_finished_folder_of_instances_is_refused(form, tmp_path):
    if form == "hdf5":
        pytest.importorskip("h5py")
    vocabulary = write_vocabulary(tmp_path / "vocab")
    with pytest.raises(UsageError, match="is a vocabulary"):
        EXPORTS[form](vocabulary, tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="manifest"):
        EXPORTS[form](tmp_path / "empty", tmp_path)


@pytest.mark.parametrize("form", ["tfrecord", "megatron"])
def test_without_its_vocabulary_the_folder_is_refused(form, tmp_path):
    with pytest.raises(DataError, match="vocab: is missing"):
        EXPORTS[form](write_instances(tmp_path / "data", 10), tmp_path)


@pytest.mark.parametrize("form", ["parquet", "jsonl", "tfrecord", "megatron", "mds", "ernie"])
def test_the_same_bytes_every_time(form, static, tmp_path):
    for run in ("first", "second"):
        (tmp_path / run).mkdir()
        names = EXPORTS[form](static, tmp_path / run)
    assert all((tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes() for name in names)
