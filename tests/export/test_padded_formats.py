"""tfrecord and hdf5: read back, every row is the table's, padded."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_exports import plain_crc32c, read_tfrecord
from training_data import IDS

from zhprep.core.errors import DataError, UsageError
from zhprep.core.shards import open_table
from zhprep.export import EXPORTS
from zhprep.export.crc32c import crc32c
from zhprep.export.example import varints

NAMES = [
    "input_ids", "input_mask", "segment_ids", "masked_lm_positions", "masked_lm_ids", "masked_lm_weights",
    "next_sentence_labels",
]  # fmt: skip


def padded(values, width):
    return [*values, *[0] * (width - len(values))]


def expected(row, length, most):
    n_tokens, n_masked = len(row["input_ids"]), len(row["masked_lm_positions"])
    return {
        "input_ids": padded(row["input_ids"], length),
        "input_mask": padded([1] * n_tokens, length),
        "segment_ids": padded(row["token_type_ids"], length),
        "masked_lm_positions": padded(row["masked_lm_positions"], most),
        "masked_lm_ids": padded(row["masked_lm_ids"], most),
        "masked_lm_weights": padded([1.0] * n_masked, most),
        "next_sentence_labels": [row["next_sentence_label"]],
    }


def test_static_data_are_as_they_are(static, tmp_path):
    names = EXPORTS["tfrecord"](static, tmp_path)
    assert names == ["data-00000-of-00002.tfrecord", "data-00001-of-00002.tfrecord", "export.json"]
    said = json.loads((tmp_path / "export.json").read_text())
    assert (said["max_length"], said["max_predictions"], said["masks"]) == (24, 2, "as on disk")
    assert said["left_out"] == ["word_ids", "instance_id", "dupe"]
    found = [record for name in names[:2] for record in read_tfrecord(tmp_path / name)]
    table = open_table(static).to_pylist()
    assert found == [expected(row, 24, 2) for row in table]
    assert list(found[0]) == NAMES


def test_clean_data_get_the_masks_of_epoch_0(clean, tmp_path):
    names = EXPORTS["tfrecord"](clean, tmp_path)
    said = json.loads((tmp_path / "export.json").read_text())
    assert said["masks"] == "epoch 0 of clean instances"
    found = [record for name in names[:2] for record in read_tfrecord(tmp_path / name)]
    rows = open_table(clean).to_pylist()
    assert len(found) == len(rows)
    masked = kinds = 0
    for record, row in zip(found, rows, strict=True):
        n_masked = int(sum(record["masked_lm_weights"]))
        assert n_masked >= 1
        original = list(record["input_ids"])
        for position, token in zip(record["masked_lm_positions"][:n_masked], record["masked_lm_ids"], strict=False):
            assert row["word_ids"][position] >= 0
            kinds += original[position] == IDS["[MASK]"]
            original[position] = token
        assert original == padded(row["input_ids"], 24)
        masked += n_masked
    assert max(sum(record["masked_lm_weights"]) for record in found) == said["max_predictions"]
    assert 0.77 < kinds / masked < 0.83


def test_the_masks_are_those_of_the_collator(clean, tmp_path):
    from zhprep.collate.masks import masks_of
    from zhprep.collate.stored import Instances
    from zhprep.export.source import Data

    data = Data.at(clean)
    rows = Instances(clean, needs=("input_ids", "word_ids", "instance_id")).gather(np.arange(1000))
    theirs = masks_of(clean, data.manifest, list(data.columns), data.vocabulary)(rows, np.zeros(1000, np.int64))
    shards = data.shards()
    ours = data.masks(next(next(shards)[1]).slice(0, 1000))
    assert ours.input_ids.tolist() == theirs.input_ids.tolist()
    assert ours.labels.tolist() == theirs.labels.tolist()


@pytest.mark.parametrize("kind", ["clean", "static"])
def test_hdf5_holds_what_tfrecord_holds(kind, request, tmp_path):
    h5py = pytest.importorskip("h5py")
    folder = request.getfixturevalue(kind)
    for form in ("hdf5", "tfrecord"):
        (tmp_path / form).mkdir()
        EXPORTS[form](folder, tmp_path / form)
    for shard in range(2):
        name = f"data-{shard:05d}-of-00002"
        records = list(read_tfrecord(tmp_path / "tfrecord" / f"{name}.tfrecord", check=0))
        with h5py.File(tmp_path / "hdf5" / f"{name}.hdf5") as file:
            assert sorted(file) == sorted(set(NAMES) - {"masked_lm_weights"})
            for feature, dataset in file.items():
                assert dataset.compression == "gzip"
                values = dataset[:].reshape(len(records), -1).tolist()
                assert values == [record[feature] for record in records], feature
            assert file["next_sentence_labels"].shape == (len(records),)
    assert not list((tmp_path / "hdf5").glob(".part*"))


def test_hdf5_is_the_same_to_the_byte(static, tmp_path):
    pytest.importorskip("h5py")
    for run in ("first", "second"):
        (tmp_path / run).mkdir()
        names = EXPORTS["hdf5"](static, tmp_path / run)
    assert all((tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes() for name in names)


def change(source, folder, **settings):
    """Copy a data folder, with other settings in its manifest."""
    import shutil

    shutil.copytree(source, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["config"]["instances"] |= settings
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_a_row_that_does_not_fit_is_refused(static, tmp_path):
    with pytest.raises(DataError, match="has 18 tokens, more than the 12"):
        EXPORTS["tfrecord"](change(static, tmp_path / "short", max_length=12), tmp_path)
    with pytest.raises(DataError, match="has 2 masked tokens, more than the 1"):
        EXPORTS["tfrecord"](change(static, tmp_path / "few", max_predictions=1), tmp_path)
    assert not list(tmp_path.glob("*.tfrecord"))


@pytest.mark.parametrize("form", ["tfrecord", "hdf5", "megatron", "ernie"])
def test_places_to_predict_are_refused(form, static, tmp_path):
    with pytest.raises(UsageError, match="is to predict places"):
        EXPORTS[form](change(static, tmp_path / "pert", mask="pert"), tmp_path)


def test_the_widths_of_the_settings_are_kept(static, tmp_path):
    EXPORTS["tfrecord"](change(static, tmp_path / "wide", max_predictions=7), tmp_path)
    record = next(read_tfrecord(tmp_path / "data-00000-of-00002.tfrecord"))
    assert [len(record[name]) for name in NAMES] == [24, 24, 24, 7, 7, 7, 1]


def test_known_checksums():
    data = np.frombuffer(b"123456789" + bytes(32), np.uint8)
    assert [hex(value) for value in crc32c(data, np.array([0, 9, 41]))] == ["0xe3069283", "0x8a9136aa"]
    assert crc32c(data[:0], np.array([0])).tolist() == []


@given(st.lists(st.binary(min_size=4, max_size=40), min_size=1, max_size=6))
def test_checksums_of_any_records(records):
    offsets = np.cumsum([0, *map(len, records)])
    found = crc32c(np.frombuffer(b"".join(records), np.uint8), offsets)
    assert found.tolist() == [plain_crc32c(record) for record in records]


@given(st.lists(st.integers(0, (1 << 28) - 1), min_size=1, max_size=9))
def test_any_numbers_as_varints(numbers):
    data, offsets = varints(np.array(numbers)[:, None]).joined()
    for number, begin, end in zip(numbers, offsets[:-1], offsets[1:], strict=True):
        *high, last = data[begin:end].tolist()
        assert all(byte >= 0x80 for byte in high)
        assert last < 0x80
        assert sum((byte & 0x7F) << 7 * place for place, byte in enumerate([*high, last])) == number
        assert len(high) == 0 or last > 0


@pytest.mark.parametrize("number", [-1, 1 << 28])
def test_numbers_that_have_no_place_are_refused(number):
    with pytest.raises(ValueError, match="not in 0"):
        varints(np.array([[number]]))
