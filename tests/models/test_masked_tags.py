"""LERT's tasks beside a plain twin: losses by loops over masked places, and weights by its schedule."""

from __future__ import annotations

import math

import pytest
import torch

from zhprep.core.errors import UsageError
from zhprep.models import INPUTS, model_config
from zhprep.models.model import Model, seeded_model

SECTION = {
    "objectives": ["mlm", "pos_tags", "ner_tags", "dep_tags"], "objective_rise": [0, 0.1665, 0.333, 0.5],
    "sizes": {"nano": {"num_hidden_layers": 2, "hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 64}},
    **{f"{kind}_tags": {"n_tags": n_tags} for kind, n_tags in (("pos", 28), ("ner", 13), ("dep", 14))},
}  # fmt: skip


@pytest.fixture
def model() -> Model:
    return seeded_model(model_config(SECTION, "nano", 50), 1).eval()


def batch_of() -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(5)
    ids = torch.randint(5, 50, (3, 12), generator=draw)
    batch = {
        "input_ids": ids, "attention_mask": torch.arange(12) < torch.tensor([12, 7, 10])[:, None],
        "masked_positions": torch.tensor([2, 7, 14, 27, 29, 0]), "masked_labels": torch.tensor([9, 8, 7, 6, 5, -100]),
    }  # fmt: skip
    for kind, n_tags in (("pos", 28), ("ner", 13), ("dep", 14)):
        batch[f"{kind}_tags"] = torch.randint(0, n_tags + 1, ids.shape, generator=draw)
    batch["pos_tags"].view(-1)[14] = 0  # a word without a tag
    return batch


@pytest.mark.parametrize("kind", ["pos", "ner", "dep"])
def test_a_tag_is_told_from_the_transformed_state_of_its_masked_token(model: Model, kind: str) -> None:
    """The dense layer, gelu and norm of the masked-token head, then one layer to the tags (run_pretraining.py)."""
    batch = batch_of()
    states = model.encode(batch).hidden_states
    head, output = model.objectives["mlm"].head, model.objectives[f"{kind}_tags"].output
    total, count = 0.0, 0
    for place in batch["masked_positions"][:-1].tolist():
        tag = int(batch[f"{kind}_tags"][place // 12, place % 12]) - 1
        if tag < 0:
            continue
        state = states[place // 12, place % 12] @ head.transform.weight.T + head.transform.bias
        state = 0.5 * state * (1 + torch.erf(state / math.sqrt(2)))
        state = (state - state.mean()) / torch.sqrt(
            state.var(unbiased=False) + 1e-12
        ) * head.norm.weight + head.norm.bias
        logits = state @ output.weight.T + output.bias
        total += (torch.logsumexp(logits, 0) - logits[tag]).item()
        count += 1
    assert model.counts(batch)[f"{kind}_tags"] == count > 0
    assert model(batch)[f"{kind}_tags"].item() == pytest.approx(total, rel=1e-5)


def plain_weights(step: int) -> dict[str, float]:
    """The clipped quotients of run_pretraining.py."""
    ends = {"pos_tags": 333_000, "ner_tags": 666_000, "dep_tags": 1_000_000}
    return {"mlm": 1.0} | {name: min(max(step / end, 0.0), 1.0) for name, end in ends.items()}


@pytest.mark.parametrize("step", [0, 1, 166_500, 333_000, 400_000, 666_000, 1_000_000, 1_999_999])
def test_weights_rise_as_the_authors_do(model: Model, step: int) -> None:
    assert model.weights(step, 2_000_000) == pytest.approx(plain_weights(step), rel=1e-12)


def test_the_recipe_rises_with_the_length_of_the_run(model: Model) -> None:
    assert model.weights(1000, 2000) == model.weights(1_000_000, 2_000_000)
    with_steps = seeded_model(model_config(SECTION | {"objective_rise": [0, 10, 20, 30]}, "nano", 50), 1)
    assert [with_steps.weights(step, 10**6)["ner_tags"] for step in (0, 5, 20, 99)] == [0, 0.25, 1, 1]


def test_no_input_of_a_model_reads_tags(model: Model) -> None:
    batch = batch_of()
    others = batch | {name: (batch[name] + 1) % 13 for name in ("pos_tags", "ner_tags", "dep_tags")}
    assert torch.equal(model.encode(batch).hidden_states, model.encode(others).hidden_states)
    assert torch.equal(model.predictions(batch)["mlm"].logits, model.predictions(others)["mlm"].logits)
    read = {column for part in INPUTS.values() for column in (*part.needs, *part.takes)}
    assert not read & {"pos_tags", "ner_tags", "dep_tags"}


@pytest.mark.parametrize(
    ("objectives", "message"),
    [(["pos_tags"], "'pos_tags' reads what 'mlm' finds"), (["ner_tags", "mlm"], "'ner_tags' reads what 'mlm' finds")],
)
def test_tags_without_masked_tokens_before_them_are_refused(objectives: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        model_config({"objectives": objectives}, "tiny", 50)
