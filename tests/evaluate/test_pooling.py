"""What stands for a row: one state, or all states of its real tokens and of no others."""

from __future__ import annotations

import dataclasses
import functools

import pytest
import torch
from made_tasks import meals, write_task
from training_data import TOKENS

from zhprep.engine.distribution import World
from zhprep.evaluate.config import POOLING_NAMES, EvaluateConfig
from zhprep.evaluate.heads import TaskModel
from zhprep.evaluate.pooling import POOLINGS
from zhprep.evaluate.score import score_task
from zhprep.evaluate.tasks import read_task
from zhprep.evaluate.tasks.classification import RowClassifier
from zhprep.models import ModelConfig
from zhprep.models.stream import HiddenStream

LEARNING = EvaluateConfig(epochs=8, learning_rate=5e-3, seeds=(0,), max_length=32, batch_size=16)


def stream(real: list[list[int]] | None, **settings) -> HiddenStream:
    states = torch.arange(24.0).sin().reshape(2, 4, 3)
    batch = {} if real is None else {"attention_mask": torch.tensor(real, dtype=torch.bool)}
    return HiddenStream(states, torch.empty(0), batch, **settings)


def test_names_of_settings_are_the_parts():
    assert tuple(POOLINGS) == POOLING_NAMES


@pytest.mark.parametrize("real", [None, [[1, 1, 1, 0], [1, 1, 0, 0]]])
def test_padding_is_no_part_of_a_row(real):
    padded = stream(real)
    lengths = [4, 4] if real is None else [3, 2]
    for number, length in enumerate(lengths):
        row = padded.hidden_states[number, :length]
        wanted = {"cls": row[0], "mean": row.mean(0), "max": row.max(0).values}
        for name, pool in POOLINGS.items():
            torch.testing.assert_close(pool(padded)[number], wanted[name])


def test_the_state_of_a_row_may_be_another_than_the_first():
    last = stream(None, row_places=torch.tensor([2, 7]))
    assert torch.equal(POOLINGS["cls"](last), torch.stack([last.hidden_states[0, 2], last.hidden_states[1, 3]]))


@pytest.mark.parametrize("body", ["single", "causal"])
def test_a_layer_by_its_number_is_read_at_the_place_of_the_row(body):
    """The last layer by its number is the top one, also where a row stands by its last token."""
    described = ModelConfig(
        vocab_size=len(TOKENS), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        body=body,
    )  # fmt: skip
    heads = {"0": functools.partial(RowClassifier, n_classes=3, dropout=0.0)}
    torch.manual_seed(0)
    models = {layers: TaskModel(described, heads, layers).eval() for layers in ("top", "2")}
    models["2"].load_state_dict(models["top"].state_dict())
    batch = {
        "input_ids": torch.tensor([[2, 6, 7, 3, 0], [2, 8, 9, 10, 3]]),
        "attention_mask": torch.tensor([[1, 1, 1, 1, 0], [1, 1, 1, 1, 1]], dtype=torch.bool),
        "token_type_ids": torch.zeros(2, 5, dtype=torch.int64),
    }
    torch.testing.assert_close(models["2"].logits("0", batch), models["top"].logits("0", batch))


@pytest.mark.parametrize("pooling", POOLING_NAMES)
def test_a_task_is_learnt_by_what_all_tokens_say(pooling, finished, tmp_path):
    task = read_task(write_task(tmp_path / "meals", meals, 64, 16))
    found = score_task(finished, task, dataclasses.replace(LEARNING, pooling=pooling), World())
    assert found["accuracy"]["mean"] >= 0.95 > found["baseline"]["accuracy"]
