from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhprep.collate import MaskedInput, Padding, Ragged, Rows, to_tensors
from zhprep.collate.rows import row_numbers
from zhprep.core.ragged import offsets_of, ranges

row_lists = st.lists(st.lists(st.integers(0, 65535), min_size=1, max_size=9), min_size=1, max_size=8)


def ragged(rows: list[list[int]]) -> Ragged:
    return Ragged(np.concatenate(rows).astype(np.uint16), offsets_of(np.array([len(row) for row in rows])))


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 6)), max_size=10))
def test_places_are_runs_of_numbers(runs):
    begins = np.array([begin for begin, _ in runs], np.int64)
    lengths = np.array([length for _, length in runs], np.int64)
    assert ranges(begins, lengths).tolist() == [begin + n for begin, length in runs for n in range(length)]


def test_tokens_know_their_row():
    offsets = offsets_of(np.array([2, 0, 3]))
    assert row_numbers(offsets).tolist() == [0, 0, 2, 2, 2]


@given(rows=row_lists, least=st.sampled_from([1, 4, 16]), slots=st.sampled_from([1, 5]), data=st.data())
def test_padding_loses_and_adds_nothing(rows, least, slots, data):
    tokens = ragged(rows)
    n_tokens = len(tokens.values)
    positions = np.array(sorted(data.draw(st.sets(st.integers(0, n_tokens - 1)))), np.int64)
    masked = MaskedInput(tokens.values, positions, tokens.values[positions])
    whole = Rows({"input_ids": tokens, "token_type_ids": ragged(rows)}, {"next_sentence_label": np.arange(len(rows))})
    batch = to_tensors(whole.having(masked.of(whole)), Padding(7, multiple=least, slots=slots))
    length = -(-max(map(len, rows)) // least) * least
    for name in ("input_ids", "token_type_ids"):
        fill = 7 if name == "input_ids" else 0
        assert batch[name].tolist() == [row + [fill] * (length - len(row)) for row in rows]
    real = [[True] * len(row) + [False] * (length - len(row)) for row in rows]
    assert ("attention_mask" in batch) == any(False in row for row in real)
    assert "attention_mask" not in batch or batch["attention_mask"].tolist() == real
    assert batch["next_sentence_label"].tolist() == list(range(len(rows)))
    wanted = batch["masked_labels"] >= 0
    assert int(wanted.sum()) == len(positions)
    assert len(wanted) % slots == 0
    at_places = batch["input_ids"].flatten()[batch["masked_positions"][wanted]]
    assert at_places.tolist() == tokens.values[positions].tolist()
    assert batch["masked_labels"][~wanted].tolist() == [-100] * int((~wanted).sum())


@pytest.mark.parametrize("name", ["input_ids", "masked_labels", "masked_positions"])
def test_tensors_are_of_64_bits(name):
    tokens = ragged([[65535, 2], [3]])
    rows = Rows({"input_ids": tokens}, {})
    batch = to_tensors(MaskedInput(tokens.values, np.array([0]), tokens.values[:1]).of(rows))
    assert str(batch[name].dtype) == "torch.int64"
    assert batch["input_ids"][0, 0] == 65535
