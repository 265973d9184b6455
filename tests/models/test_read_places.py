"""What nobody reads is not computed at the end of the last layer, and all that is read is the same as if it were."""

from __future__ import annotations

import dataclasses
import functools

import pytest
import torch

from zhprep.evaluate.heads import TaskModel
from zhprep.evaluate.pooling import POOLINGS
from zhprep.evaluate.tasks.classification import RowClassifier
from zhprep.evaluate.tasks.tagging import CharacterTagger
from zhprep.models.blocks.feedforward import FeedForward
from zhprep.models.config import ModelConfig
from zhprep.models.model import Model, seeded_model

CONFIG = ModelConfig(
    vocab_size=60, num_hidden_layers=3, hidden_size=16, num_attention_heads=2, intermediate_size=32,
    max_position_embeddings=16, inputs=("token", "position"), objectives=("mlm", "next_sentence"),
    hidden_dropout=0.0, attention_dropout=0.0, initializer_range=0.2,
)  # fmt: skip
REAL = torch.arange(12) < torch.tensor([7, 12])[:, None]
PLACES = torch.tensor([1, 4, 5, 14, 18])
IDS = torch.randint(5, 60, (2, 12), generator=torch.Generator().manual_seed(1)).masked_fill(~REAL, 0)
BATCH = {
    "input_ids": IDS, "attention_mask": REAL, "masked_positions": PLACES, "masked_labels": IDS.flatten()[PLACES],
    "next_sentence_label": torch.tensor([0, 1]),
}  # fmt: skip
N_READ = len(PLACES) + 2  # and a state for each row
FORMS = {
    "post": {},
    "pre": {"norm_position": "pre"},
    "shared": {"stack": "shared"},
    "relative": {"stack": "relative", "inputs": ("token",)},
    "gated": {"activation": "geglu"},
}


@pytest.fixture
def seen(monkeypatch):
    """How many states each feed-forward block was given."""
    counts, forward = [], FeedForward.forward

    def counting(self, hidden_states, context):
        counts.append(hidden_states.shape[:-1].numel())
        return forward(self, hidden_states, context)

    monkeypatch.setattr(FeedForward, "forward", counting)
    return counts


def trained(model: Model, batch) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    model.zero_grad()
    made = model.predictions(batch)
    sum(one.loss_sum for one in made.values()).backward()
    return {name: one.logits for name, one in made.items()}, {
        name: weight.grad.clone() for name, weight in model.named_parameters()
    }


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_predictions_and_gradients_are_those_of_all_states(form, packed, seen, monkeypatch):
    model = seeded_model(dataclasses.replace(CONFIG, **FORMS[form]), 1)
    batch = {**BATCH, "cu_seqlens": torch.tensor([0, 3, 7, 12, 20, 24])} if packed else BATCH
    some = trained(model, batch)
    assert seen[-1] == N_READ
    monkeypatch.setattr(Model, "read_at", lambda *_: {})
    whole = trained(model, batch)
    assert seen[-1] > 2 * N_READ
    torch.testing.assert_close(some, whole)


def test_who_asks_for_states_is_given_all(seen):
    model = seeded_model(CONFIG, 1).eval()
    assert (model.encode(BATCH).hidden_states[REAL] != 0).all()
    assert seen == [19, 19, 19]


@pytest.mark.parametrize("body", ["single", "causal"])
@pytest.mark.parametrize(
    ("layers", "pooling", "n_read"), [("top", "cls", 2), ("top", "mean", 19), ("all", "cls", 19), ("2", "cls", 19)]
)
def test_a_task_about_rows_reads_rows_alone(layers, pooling, n_read, body, seen, monkeypatch):
    heads = {"0": functools.partial(RowClassifier, n_classes=3, dropout=0.0)}
    described = dataclasses.replace(CONFIG, body=body)
    model = TaskModel(described, heads, layers, pool=POOLINGS[pooling]).eval()
    logits = model.logits("0", BATCH)
    assert seen[-1] == n_read
    monkeypatch.setattr(TaskModel, "read_at", lambda *_: {})
    torch.testing.assert_close(model.logits("0", BATCH), logits)


def test_a_head_that_is_asked_by_its_name_reads_what_it_reads(seen, monkeypatch):
    """The first head reads a state of each row, the second one those of all characters; the batch names neither."""
    heads = {
        "rows": functools.partial(RowClassifier, n_classes=3, dropout=0.0),
        "tags": functools.partial(CharacterTagger, n_tags=4, dropout=0.0),
    }
    model = TaskModel(CONFIG, heads, pool=POOLINGS["cls"]).eval()
    tokens = torch.arange(1, 6).expand(2, 5)
    batch = {**BATCH, "char_tokens": tokens, "char_places": torch.zeros_like(tokens)}
    some = {name: model.logits(name, batch) for name in heads}
    assert seen[2::3] == [2, 19]
    monkeypatch.setattr(TaskModel, "read_at", lambda *_: {})
    torch.testing.assert_close({name: model.logits(name, batch) for name in heads}, some)
