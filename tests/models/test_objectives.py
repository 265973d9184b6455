from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from objectives_at_home import HOME

from zhprep.models import OBJECTIVES, model_config
from zhprep.models.model import seeded_model


def batch_of(n_rows: int = 4, length: int = 20, vocabulary: int = 50) -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(3)
    ids = torch.randint(5, vocabulary, (n_rows, length), generator=draw)
    mask = torch.arange(length) < torch.tensor([20, 17, 9, 12])[:, None]
    positions = torch.tensor([2, 7, 22, 45, 61])
    return {
        "input_ids": ids, "attention_mask": mask,
        "token_type_ids": (torch.arange(length) > 8).long().expand(n_rows, -1),
        "masked_positions": positions, "masked_labels": ids.flatten()[positions], "masked_places": torch.tensor([7, 2, 2, 5, 1]),
        "next_sentence_label": torch.tensor([0, 1, 1, 0]), "sentence_order_label": torch.tensor([1, 1, 0, 0]),
    }  # fmt: skip


def test_masked_positions_have_the_loss_that_scoring_every_position_gives(small):
    model, batch = seeded_model(small, 1).eval(), batch_of()
    encoded = model.encode(batch)
    every = model.objectives["mlm"].head(encoded.hidden_states, encoded.token_table).flatten(0, 1)
    labels = torch.full((80,), -100)
    labels[batch["masked_positions"]] = batch["masked_labels"]
    expected = F.cross_entropy(every, labels, reduction="sum")
    torch.testing.assert_close(model(batch)["mlm"], expected, rtol=1e-6, atol=1e-6)


def test_an_untrained_tied_head_costs_the_logarithm_of_the_vocabulary():
    model = seeded_model(model_config({"objectives": ["mlm"]}, "tiny", 21128), 0).eval()
    batch = batch_of(vocabulary=21128)
    labels = torch.randint(21128, (80,), generator=torch.Generator().manual_seed(1))
    mean = model(batch | {"masked_positions": torch.arange(80), "masked_labels": labels})["mlm"] / 80
    assert math.isclose(mean.item(), math.log(21128), abs_tol=0.1)


def test_empty_slots_cost_nothing(small):
    model, batch = seeded_model(small, 1).eval(), batch_of()
    padded = batch | {
        "masked_positions": F.pad(batch["masked_positions"], (0, 3)),
        "masked_labels": F.pad(batch["masked_labels"], (0, 3), value=-100),
    }
    torch.testing.assert_close(model(padded)["mlm"], model(batch)["mlm"])


def test_what_stands_in_the_padding_changes_nothing(small):
    model, batch = seeded_model(small, 1).eval(), batch_of()
    other = batch["input_ids"].clone()
    other[~batch["attention_mask"]] = 49
    for name, found in model.predictions(batch | {"input_ids": other}).items():
        torch.testing.assert_close(found.logits, model.predictions(batch)[name].logits)


def test_a_model_is_asked_without_labels(small):
    model, batch = seeded_model(small, 1).eval(), batch_of()
    asked = {name: tensor for name, tensor in batch.items() if "label" not in name}
    for name, found in model.predictions(asked).items():
        assert torch.equal(found.logits, model.predictions(batch)[name].logits)
        assert (found.count.item(), found.loss_sum.item()) == (0, 0.0)


def test_data_without_segments_are_all_of_the_first(small):
    model, batch = seeded_model(small, 1).eval(), batch_of()
    zeros = batch | {"token_type_ids": torch.zeros_like(batch["input_ids"])}
    del batch["token_type_ids"]
    torch.testing.assert_close(model(batch)["mlm"], model(zeros)["mlm"], rtol=0, atol=0)


@pytest.mark.parametrize("name", sorted(OBJECTIVES.keys() - HOME.keys()))
def test_every_objective_learns_a_batch_by_heart(name):
    section = {
        "objectives": [name], "hidden_dropout": 0.0, "attention_dropout": 0.0,
        "sizes": {"nano": {"num_hidden_layers": 2, "hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 64}},
    }  # fmt: skip
    model, batch = seeded_model(model_config(section, "nano", 50), 2), batch_of()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(40):
        loss = model(batch)[name]
        optimiser.zero_grad()
        loss.backward()
        assert all(weight.grad is not None for weight in model.parameters())
        optimiser.step()
    assert loss.item() < 0.2


def test_a_model_says_which_columns_it_reads(small):
    model = seeded_model(small, 1)
    assert model.needs == ("input_ids", "next_sentence_label")
    assert model.takes == ("lang_ids", "token_type_ids", "cu_seqlens")


def test_the_weights_of_the_objectives_are_the_recipes():
    section = {"objectives": ["mlm", "sentence_order"], "objective_weights": [1.0, 0.5]}
    assert seeded_model(model_config(section, "tiny", 50), 1).weights(0) == {"mlm": 1.0, "sentence_order": 0.5}
