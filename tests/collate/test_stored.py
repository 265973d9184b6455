from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from training_data import masked, pair, write_instances

from zhprep.collate.stored import Instances
from zhprep.core.errors import DataError

COLUMNS = ("input_ids", "token_type_ids", "word_ids", "next_sentence_label", "instance_id")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_instances(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def static_data(tmp_path_factory):
    return write_instances(tmp_path_factory.mktemp("static"), static=True)


def as_lists(rows) -> list[dict[str, object]]:
    found = []
    for row in range(len(rows)):
        lists = {name: v.values[v.offsets[row] : v.offsets[row + 1]].tolist() for name, v in rows.lists.items()}
        found.append(lists | {name: int(values[row]) for name, values in rows.plain.items()})
    return found


@settings(deadline=None)
@given(numbers=st.lists(st.integers(0, 199), min_size=1, max_size=30))
def test_any_rows_are_gathered_in_any_order(data, numbers):
    rows = Instances(data, needs=COLUMNS).gather(np.array(numbers))
    assert as_lists(rows) == [{name: pair(number)[name] for name in COLUMNS} for number in numbers]
    assert rows.lengths.tolist() == [len(pair(number)["input_ids"]) for number in numbers]


def test_columns_of_masks_are_as_long_as_they_are(static_data):
    rows = Instances(static_data, needs=("input_ids", "masked_lm_positions", "masked_lm_ids")).gather(
        np.array([201, 0])
    )
    expected = [masked(pair(1), 1), masked(pair(0), 0)]
    assert as_lists(rows) == [{name: row[name] for name in rows.lists} for row in expected]


def test_columns_that_are_not_there_are_told_or_left_out(data):
    with pytest.raises(DataError, match="has no column sentence_order_label; it has input_ids"):
        Instances(data, needs=("input_ids", "sentence_order_label"))
    rows = Instances(data, needs=("input_ids",), takes=("lang_ids", "token_type_ids")).gather(np.array([1]))
    assert list(rows.lists) == ["input_ids", "token_type_ids"]


def test_an_unfinished_folder_is_refused(tmp_path):
    folder = write_instances(tmp_path / "data", 10)
    (folder / "manifest.json").rename(folder / "gone.json")
    with pytest.raises(DataError, match="no manifest"):
        Instances(folder)


def test_a_shard_cut_short_is_refused(tmp_path):
    folder = write_instances(tmp_path / "data", 50)
    shard = folder / "data-00001-of-00002.arrow"
    shard.write_bytes(shard.read_bytes()[:-100])
    with pytest.raises(DataError, match="data-00001-of-00002"):
        Instances(folder)


def test_another_table_is_refused(tmp_path):
    folder = write_instances(tmp_path / "data", 10)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"table": "words"}))
    with pytest.raises(DataError, match="holds a table of words"):
        Instances(folder)
