"""Objectives over spans and places, beside plain twins that go token by token."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from zhprep.models import Model, ModelConfig
from zhprep.models.model import seeded_model
from zhprep.models.objectives.span_boundary import spans

TINY = {"num_hidden_layers": 1, "hidden_size": 32, "num_attention_heads": 4, "intermediate_size": 64, "vocab_size": 50}
LENGTH = 10


def model_of(objective: str, **parts: object) -> Model:
    return seeded_model(ModelConfig(**TINY, objectives=(objective,), parts=parts), 1).eval()


def batch_of() -> dict[str, torch.Tensor]:
    """Return two rows; of the first tokens 2, 3, 4 and 7 are masked, of the second 1 and 2; one slot is spare."""
    draw = torch.Generator().manual_seed(3)
    return {
        "input_ids": torch.randint(5, 50, (2, LENGTH), generator=draw),
        "attention_mask": torch.arange(LENGTH) < torch.tensor([10, 6])[:, None],
        "masked_positions": torch.tensor([2, 3, 4, 7, 11, 12, 0]),
        "masked_labels": torch.tensor([9, 8, 7, 6, 9, 10, -100]),
        "masked_places": torch.tensor([3, 2, 4, 7, 2, 1, -100]),
    }


def plain_spans(positions: list[int]) -> list[tuple[int, int, int]]:
    """Walk to the left and to the right of each masked position while the neighbours are masked and in its row."""
    found, masked = [], set(positions)
    for position in positions:
        left = position
        while left - 1 in masked and left % LENGTH:
            left -= 1
        right = position
        while right + 1 in masked and (right + 1) % LENGTH:
            right += 1
        found.append((position - left, left - 1, right + 1))
    return found


@pytest.mark.parametrize(
    "positions", [[2, 3, 4, 7, 11, 12], [1], [1, 2, 3, 4, 5, 6, 7, 8], [8, 11], [1, 3, 5, 15, 16, 18]]
)
def test_spans_are_runs_of_masked_tokens(positions):
    place, left, right = spans(torch.tensor(positions), torch.ones(len(positions), dtype=torch.bool), LENGTH)
    assert list(zip(place.tolist(), left.tolist(), right.tolist(), strict=True)) == plain_spans(positions)


def test_a_token_is_predicted_from_the_boundaries_of_its_span_and_its_place():
    model, batch = model_of("span_boundary"), batch_of()
    part, stream = model.objectives["span_boundary"], model.encode(batch)
    found = model.predictions(batch)["span_boundary"]
    states, gelu = stream.hidden_states.flatten(0, 1), torch.nn.functional.gelu
    for number, (place, left, right) in enumerate(plain_spans(batch["masked_positions"][:-1].tolist())):
        around = torch.cat([states[left], states[right], part.places.weight[place]])
        hidden = part.second_norm(gelu(part.second(part.first_norm(gelu(part.first(around))))))
        torch.testing.assert_close(found.logits[number], stream.token_table @ hidden, rtol=1e-5, atol=1e-5)
    assert found.count == 6


def test_tokens_deep_in_a_span_are_left_out():
    model, batch = model_of("span_boundary", span_boundary={"max_targets": 2}), batch_of()
    assert model.predictions(batch)["span_boundary"].labels.tolist() == [9, 8, -100, 6, 9, 10, -100]
    assert model.counts(batch) == {"span_boundary": 5}


def test_what_is_masked_itself_says_nothing_to_its_boundary_objective():
    """Nothing but the boundaries' states is read at the head: those of the span may be anything."""
    model, batch = model_of("span_boundary"), batch_of()
    stream = model.encode(batch)
    states = stream.hidden_states.clone()
    states.view(-1, 32)[batch["masked_positions"][:-1]] += 5.0
    other = model.objectives["span_boundary"](dataclasses.replace(stream, hidden_states=states))
    assert torch.equal(other.logits[:-1], model.predictions(batch)["span_boundary"].logits[:-1])


def test_a_place_is_found_among_those_of_its_row():
    model, batch = model_of("original_place"), batch_of()
    part, stream = model.objectives["original_place"], model.encode(batch)
    found = model.predictions(batch)["original_place"]
    gelu = torch.nn.functional.gelu
    for number, position in enumerate(batch["masked_positions"].tolist()):
        row, states = position // LENGTH, stream.hidden_states
        asked = part.norm(gelu(part.transform(states[row, position % LENGTH])))
        expected = states[row] @ asked + part.bias[:LENGTH]
        real = batch["attention_mask"][row]
        torch.testing.assert_close(found.logits[number][real], expected[real], rtol=1e-5, atol=1e-5)
        assert (found.logits[number][~real] < -1e30).all()
