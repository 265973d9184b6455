"""A generator and a discriminator: what is sampled, what is told, what is shared, what is saved."""

from __future__ import annotations

import math

import pytest
import torch
from objectives_at_home import HOME

from zhprep.core.errors import UsageError
from zhprep.models import Model, ModelConfig
from zhprep.models.bodies.generator_discriminator import generator_config, rewritten
from zhprep.models.checkpoints.files import load_model, save_model
from zhprep.models.model import n_parameters, seeded_model
from zhprep.models.prediction import Prediction

TINY = {"num_hidden_layers": 2, "hidden_size": 32, "num_attention_heads": 4, "intermediate_size": 64, "vocab_size": 50}


def batch_of(n_rows: int = 4, length: int = 12) -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(3)
    ids = torch.randint(5, 50, (n_rows, length), generator=draw)
    real = torch.arange(length) < torch.tensor([12, 9, 5, 12])[:n_rows, None]
    positions = torch.tensor([2, 7, 14, 27, 40, 0])
    return {
        "input_ids": ids, "attention_mask": real, "keys": torch.tensor([9, -4, 77, 5])[:n_rows],
        "masked_positions": positions, "masked_labels": torch.tensor([7, 8, 9, 10, 11, -100]),
    }  # fmt: skip


@pytest.fixture
def electra() -> Model:
    return seeded_model(ModelConfig(**TINY | HOME["rtd"]), 1).eval()


def test_tables_are_shared_and_layers_are_not(electra):
    body = electra.body
    assert body.generator_embeddings.inputs is body.embeddings.inputs
    assert generator_config(electra.config).hidden_size == 16
    assert not set(map(id, body.stack.parameters())) & set(map(id, body.generator_stack.parameters()))
    names = [name for name in electra.state_dict() if "table" in name]
    assert names == [f"body.embeddings.inputs.{name}.table.weight" for name in ("token", "position", "segment")]


def test_a_token_is_replaced_only_where_it_was_masked_and_is_another_one(electra):
    batch = batch_of()
    found = electra.predictions(batch)
    written, replaced = rewritten(batch, found["mlm"])
    positions, labels = batch["masked_positions"][:-1], batch["masked_labels"][:-1]
    elsewhere = torch.ones(48, dtype=torch.bool)
    elsewhere[positions] = False
    assert torch.equal(written.flatten()[elsewhere], batch["input_ids"].flatten()[elsewhere])
    assert torch.equal(replaced.flatten()[positions], written.flatten()[positions] != labels)
    assert not replaced.flatten()[elsewhere].any()
    rtd = found["rtd"]
    assert torch.equal(rtd.labels == 1, replaced.flatten() & batch["attention_mask"].flatten())
    assert torch.equal(rtd.labels == -100, ~batch["attention_mask"].flatten())


def test_a_generator_that_is_always_right_leaves_nothing_to_be_found(electra):
    batch = batch_of()
    sure = Prediction(50.0 * torch.eye(50)[batch["masked_labels"].clamp(min=0)], batch["masked_labels"], torch.zeros(6))
    written, replaced = rewritten(batch, sure)
    assert not replaced.any()
    assert torch.equal(written.flatten()[batch["masked_positions"][:-1]], batch["masked_labels"][:-1])


def test_samples_come_as_often_as_the_generator_says():
    logits = torch.log(torch.tensor([0.1, 0.0, 0.6, 0.3]))
    n = 20_000
    batch = {
        "input_ids": torch.zeros(n, 1, dtype=torch.int64), "keys": torch.arange(n),
        "masked_positions": torch.arange(n), "masked_labels": torch.zeros(n, dtype=torch.int64),
    }  # fmt: skip
    written, _ = rewritten(batch, Prediction(logits.expand(n, 4), batch["masked_labels"], torch.zeros(n)))
    shares = torch.bincount(written.flatten(), minlength=4) / n
    torch.testing.assert_close(shares, logits.exp(), rtol=0, atol=4 * math.sqrt(0.25 / n))
    assert shares[1] == 0


def test_a_sample_depends_on_its_row_alone(electra):
    batch = batch_of()
    whole, _ = rewritten(batch, electra.predictions(batch)["mlm"])
    row = {name: batch[name][1:2] for name in ("input_ids", "attention_mask", "keys")}
    row |= {"masked_positions": torch.tensor([2]), "masked_labels": torch.tensor([9])}
    alone, _ = rewritten(row, electra.predictions(row)["mlm"])
    assert torch.equal(alone[0], whole[1])
    assert not torch.equal(rewritten(batch | {"keys": batch["keys"] + 1}, electra.predictions(batch)["mlm"])[0], whole)


def test_nothing_of_the_discriminators_loss_reaches_the_generator(electra):
    electra(batch_of())["rtd"].backward()
    assert all(weight.grad is None for weight in electra.body.generator_stack.parameters())
    assert electra.body.embeddings.token_table.grad.abs().sum() > 0


def test_what_the_label_is_the_models_never_read(electra):
    """Another label at a masked place changes what is right, and nothing that is read."""
    batch = batch_of()
    other = batch | {"masked_labels": torch.where(batch["masked_labels"] == 9, 33, batch["masked_labels"])}
    one, two = electra.predictions(batch), electra.predictions(other)
    assert torch.equal(one["mlm"].logits, two["mlm"].logits)
    assert torch.equal(one["rtd"].logits, two["rtd"].logits)


def test_a_discriminator_alone_reads_what_it_is_given(electra):
    batch = batch_of()
    stream = electra.encode(batch, "discriminator")
    assert stream.batch["input_ids"] is batch["input_ids"]
    with pytest.raises(UsageError, match=r"there is none"):
        seeded_model(ModelConfig(**TINY | HOME["rtd"] | {"objectives": ("rtd",)}), 1)(batch)


def test_both_are_saved_and_come_back(electra, tmp_path):
    save_model(electra, tmp_path)
    again, batch = load_model(tmp_path).eval(), batch_of()
    assert again.config == electra.config
    assert all(torch.equal(one, two) for one, two in zip(again(batch).values(), electra(batch).values(), strict=True))


@pytest.mark.parametrize(
    ("size", "share", "expected"),
    [
        (
            {"hidden_size": 256, "intermediate_size": 1024, "num_attention_heads": 4, "embedding_size": 128},
            0.25,
            13_483_008,
        )
    ],
)
def test_parameters_of_the_published_discriminator(size, share, expected):
    parts = {"generator-discriminator": {"generator_size": share}}
    with torch.device("meta"):
        model = Model(ModelConfig(**size, vocab_size=30522, **HOME["rtd"] | {"parts": parts}))
    assert n_parameters(model.body.embeddings, model.body.stack) == expected
