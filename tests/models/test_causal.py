"""A model that looks back only: nothing that comes after a place changes what is said of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from zhprep.models import ModelConfig
from zhprep.models.checkpoints.files import load_model, save_model
from zhprep.models.model import Model, seeded_model

CONFIG = ModelConfig(
    vocab_size=40, num_hidden_layers=2, hidden_size=16, num_attention_heads=2, intermediate_size=32, body="causal",
    max_position_embeddings=12, objectives=("lm",), initializer_range=0.2, inputs=("token", "position", "segment"),
)  # fmt: skip


def batch_of(ids: torch.Tensor) -> dict[str, torch.Tensor]:
    coming = torch.cat([ids[:, 1:], torch.full((len(ids), 1), -100)], 1)
    return {"input_ids": ids, "attention_mask": ids > 0, "next_tokens": coming.masked_fill(coming == 0, -100)}


IDS = torch.tensor([[2, 7, 31, 15, 9, 3], [2, 29, 11, 3, 0, 0]])


@pytest.fixture
def model() -> Model:
    return seeded_model(CONFIG, 4).eval()


def test_losses_are_those_of_each_token_given_those_before_it(model: Model) -> None:
    made = model.predictions(batch_of(IDS))["lm"]
    assert made.labels.tolist() == [7, 31, 15, 9, 3, 29, 11, 3]
    number = 0
    for row, n in ((0, 6), (1, 4)):
        for length in range(1, n):  # the text so far, alone
            so_far = {"input_ids": IDS[row : row + 1, :length]}
            stream = model.encode(so_far)
            logits = model.objectives["lm"].head(stream.hidden_states[0, -1], stream.token_table).double()
            loss = (logits.logsumexp(-1) - logits[IDS[row, length]]).item()
            assert made.losses[number].item() == pytest.approx(loss, rel=1e-5)
            number += 1


@pytest.mark.parametrize("place", [1, 3, 5])
def test_the_token_to_be_predicted_is_nowhere_in_what_predicts_it(model: Model, place: int) -> None:
    other = IDS.clone()
    other[0, place] = 22
    before, after = (model.predictions(batch_of(ids))["lm"].logits for ids in (IDS, other))
    torch.testing.assert_close(before[:place], after[:place], rtol=0, atol=0)  # those that predict up to the place
    assert place == 5 or not torch.allclose(before[place], after[place])


def test_packed_texts_do_not_see_each_other(model: Model) -> None:
    packed = torch.tensor([[2, 7, 31, 3, 2, 29, 11, 3]])
    coming = torch.tensor([[7, 31, 3, -100, 29, 11, 3, -100]])
    rows = {"input_ids": packed, "next_tokens": coming, "cu_seqlens": torch.tensor([0, 4, 8])}
    together = model.predictions(rows)["lm"].losses
    alone = [model.predictions(batch_of(part))["lm"].losses for part in packed.chunk(2, 1)]
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-5, atol=1e-6)


def test_a_row_stands_by_its_last_token(model: Model) -> None:
    stream = model.encode(batch_of(IDS))
    assert model.body.row_places(batch_of(IDS)).tolist() == [5, 9]
    torch.testing.assert_close(stream.row_states, torch.stack([stream.hidden_states[0, 5], stream.hidden_states[1, 3]]))
    assert model.body.row_places({"input_ids": IDS}).tolist() == [5, 11]
    empty = torch.tensor([[False] * 6, [True] * 6])
    assert model.body.row_places({"input_ids": IDS, "attention_mask": empty}).tolist() == [0, 11]


def test_transformers_loads_it_and_says_the_same(model: Model, tmp_path) -> None:
    transformers = pytest.importorskip("transformers")
    save_model(model, tmp_path)
    theirs, said = transformers.BertLMHeadModel.from_pretrained(tmp_path, output_loading_info=True)
    assert not said["missing_keys"]
    assert not said["unexpected_keys"]
    assert theirs.config.is_decoder
    with torch.inference_mode():
        logits = theirs.eval()(input_ids=IDS, attention_mask=(IDS > 0).long()).logits
        ours = model.predictions(batch_of(IDS))["lm"].logits
    places = (batch_of(IDS)["next_tokens"] >= 0).numpy()
    np.testing.assert_allclose(ours.numpy(), logits.numpy()[places], rtol=1e-5, atol=1e-5)
    again = load_model(tmp_path)
    assert again.config == CONFIG
    assert all(torch.equal(weight, again.state_dict()[name]) for name, weight in model.state_dict().items())
    theirs.save_pretrained(tmp_path / "theirs")
    assert load_model(tmp_path / "theirs").config.body == "causal"
