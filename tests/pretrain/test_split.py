from __future__ import annotations

import numpy as np
import pytest
from command_line import made_by
from training_data import write_instances

from zhprep.collate.stored import Instances
from zhprep.pretrain.split import split


def instances(folder) -> Instances:
    return Instances(folder, needs=("input_ids", "instance_id"))


def test_what_is_held_out_is_not_trained_on_and_nothing_is_lost(data):
    rows, held_out = split(instances(data), 0.05)
    assert sorted([*rows.tolist(), *held_out.tolist()]) == list(range(200))
    assert 8 <= len(held_out) <= 32  # the share is raised to a tenth of so few rows


def test_the_share_is_kept_in_larger_data(tmp_path):
    """Of 20,000 rows 5 % are 1,000; five standard deviations are 154."""
    _, held_out = split(instances(write_instances(tmp_path / "data", 20_000)), 0.05)
    assert abs(len(held_out) - 1000) < 154


def test_an_instance_is_held_out_whatever_else_is_in_the_data(tmp_path):
    few, many = (instances(write_instances(tmp_path / str(n), n)) for n in (3_000, 6_000))
    held_few, held_many = (set(split(data, 0.1)[1].tolist()) for data in (few, many))
    assert held_few == {row for row in held_many if row < 3_000}


def test_duplicates_are_held_out_together(static_data):
    rows, held_out = split(instances(static_data), 0.05)
    assert set(held_out[held_out < 200].tolist()) == set((held_out[held_out >= 200] - 200).tolist())
    assert len(rows) + len(held_out) == 400


def test_validation_documents_that_were_set_apart_are_what_is_held_out(sample_data, vocab, tmp_path):
    settings = ("--vocab", vocab, "--split", "apart", "--validation-fraction", 0.2, "--max-length", 64)
    made = made_by("make-instances", sample_data / "corpus", *settings, output=tmp_path / "data")
    numbers = np.concatenate(list(instances(made).plain_chunks("instance_id")))
    rows, held_out = split(instances(made), 0.01)
    assert held_out.tolist() == np.flatnonzero((numbers >> 31) & 1).tolist()
    assert sorted([*rows.tolist(), *held_out.tolist()]) == list(range(len(numbers)))
    assert 0.1 < len(held_out) / len(numbers) < 0.3
    assert len(split(instances(made), 0.0)[1]) == 0


@pytest.mark.parametrize("n_rows", [2, 3, 5, 11])
def test_a_handful_of_rows_still_gives_both(tmp_path, n_rows):
    rows, held_out = split(instances(write_instances(tmp_path / "data", n_rows, shards=1)), 0.01)
    assert len(held_out) >= 1
    assert len(rows) >= 1


@pytest.mark.parametrize(("share", "n_rows"), [(0.0, 50), (0.5, 1)])
def test_nothing_is_held_out_when_asked_or_when_there_is_one_row(tmp_path, share, n_rows):
    rows, held_out = split(instances(write_instances(tmp_path / "data", n_rows, shards=1)), share)
    assert (rows.tolist(), held_out.tolist()) == (list(range(n_rows)), [])
    assert rows.dtype == np.uint32
