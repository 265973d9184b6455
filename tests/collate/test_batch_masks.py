from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from command_line import made_by
from training_data import IDS, masked, pair

from zhprep.collate import DynamicMasks, Instances, Ragged, Rows, StaticMasks, masks_of
from zhprep.core.errors import UsageError
from zhprep.core.ragged import offsets_of
from zhprep.instances import InstancesConfig
from zhprep.vocab import load


def rows_of(numbers: list[int], dupe: int | None = None) -> Rows:
    instances = [pair(number) if dupe is None else masked(pair(number), dupe) for number in numbers]
    lists, plain = {}, {}
    for name, value in instances[0].items():
        columns = [instance[name] for instance in instances]
        if isinstance(value, list):
            lists[name] = Ragged(np.concatenate(columns), offsets_of(np.array([len(column) for column in columns])))
        else:
            plain[name] = np.array(columns)
    return Rows(lists, plain)


def by_row(rows: Rows, found) -> list[tuple[list[int], list[int], list[int]]]:
    """Return per row: the ids, the positions within it, and the labels."""
    parts = []
    for begin, end in zip(rows.tokens.offsets, rows.tokens.offsets[1:], strict=False):
        here = (found.positions >= begin) & (found.positions < end)
        parts.append(
            (found.input_ids[begin:end].tolist(), (found.positions[here] - begin).tolist(), found.labels[here].tolist())
        )
    return parts


@pytest.fixture
def dynamic(vocabulary):
    return DynamicMasks.of(InstancesConfig(mask="wwm", seed=3, mask_prob=0.3), vocabulary)


def test_masks_depend_on_instance_and_epoch_and_not_on_the_batch(dynamic):
    numbers, epochs = [4, 9, 200, 31, 7], np.array([0, 0, 1, 1, 5])
    rows = rows_of(numbers)
    together = by_row(rows, dynamic(rows, epochs))
    alone = [by_row(rows_of([number]), dynamic(rows_of([number]), epochs[[i]]))[0] for i, number in enumerate(numbers)]
    assert together == alone


def test_epochs_have_other_masks_and_the_same_tokens_below(dynamic):
    rows = rows_of(list(range(40)))
    first, second = (dynamic(rows, np.full(40, epoch)) for epoch in (0, 1))
    assert first.positions.tolist() != second.positions.tolist()
    for found in (first, second):
        restored = found.input_ids.copy()
        restored[found.positions] = found.labels
        assert restored.tolist() == rows.tokens.values.tolist() == dynamic.clean(rows).tolist()
        assert (rows.lists["word_ids"].values[found.positions] >= 0).all()


def test_masks_on_disk_are_read_as_they_are():
    rows = rows_of([3, 8], dupe=1)
    found = StaticMasks()(rows, np.zeros(2, np.int64))
    assert by_row(rows, found) == [
        (masked(pair(number), 1)["input_ids"], [4, 5], pair(number)["input_ids"][4:6]) for number in (3, 8)
    ]
    assert StaticMasks().clean(rows).tolist() == [token for number in (3, 8) for token in pair(number)["input_ids"]]
    assert found.input_ids[4] == IDS["[MASK]"]  # and cleaning does not write into the rows


def test_a_data_set_says_how_it_is_masked(vocabulary):
    manifest = {"config": {"instances": {"mask": "wwm", "seed": 9, "ratios": [1.0, 0.0, 0.0]}}}
    made = masks_of(Path("DATA"), manifest, ["input_ids"], vocabulary)
    assert isinstance(made, DynamicMasks)
    assert made.config == InstancesConfig(mask="wwm", seed=9, ratios=(1.0, 0.0, 0.0))
    assert made.facts.mask == vocabulary.mask
    assert isinstance(masks_of(Path("DATA"), manifest, ["input_ids", "masked_lm_positions"], vocabulary), StaticMasks)
    with pytest.raises(UsageError, match="the manifest of DATA"):
        masks_of(Path("DATA"), {"config": {"instances": {"msk": "wwm"}}}, ["input_ids"], vocabulary)


def test_the_text_of_shuffled_rows_on_disk_is_that_of_clean_ones(sample_data, vocab, tmp_path):
    """PERT's labels say where in the row a token went, not which it is."""
    settings = (sample_data / "corpus", "--vocab", vocab, "--mask", "pert", "--budget", "words", "--max-length", 64)
    texts = []
    for way in ("--static", "--dynamic"):
        folder = made_by("make-instances", *settings, way, output=tmp_path / way)
        data = Instances(folder, takes=("instance_id", "word_ids", *StaticMasks.needs))
        masks = masks_of(folder, data.manifest, list(data.columns), load(vocab))
        texts.append(masks.clean(data.gather(np.arange(50))).tolist())
    assert texts[0] == texts[1]
