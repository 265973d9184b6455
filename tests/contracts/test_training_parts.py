"""The families of the training code: every entry keeps its word."""

from __future__ import annotations

import itertools

import pytest
import torch
from objectives_at_home import HOME

from zhprep.core import config as settings
from zhprep.engine.config import ATTENTION_NAMES, OPTIMISER_NAMES, SCHEDULE_NAMES, OptimisationConfig
from zhprep.engine.groups import groups
from zhprep.engine.optimisers import OPTIMISERS
from zhprep.engine.schedules import SCHEDULES, factor
from zhprep.models import BODIES, INPUTS, LAYERS, OBJECTIVES, STACKS
from zhprep.models.blocks.attention import AttentionContext
from zhprep.models.blocks.attentions import ATTENTIONS, AUTOMATIC
from zhprep.models.checkpoints import FORMATS, format_of
from zhprep.models.checkpoints.names import theirs
from zhprep.models.config import ModelConfig
from zhprep.models.model import Model, seeded_model
from zhprep.pretrain.config import PretrainConfig

SMALL = {"num_hidden_layers": 1, "hidden_size": 8, "num_attention_heads": 2, "intermediate_size": 16, "vocab_size": 20}


def test_choices_of_settings_are_the_parts():
    assert tuple(SCHEDULES) == SCHEDULE_NAMES
    assert tuple(OPTIMISERS) == OPTIMISER_NAMES
    assert (AUTOMATIC, *ATTENTIONS) == ATTENTION_NAMES


@pytest.mark.parametrize("config", [PretrainConfig, ModelConfig])
def test_every_setting_says_what_it_does(config):
    assert all(field.metadata["help"] for field in settings.settings(config))


FITTED: dict[str, dict[str, object]] = {
    "glyph": {"glyph": {"glyph_embedding_dim": 12}}, "characters": {"characters": {"n_characters": 12}},
}  # fmt: skip
"""Settings that an input takes from the vocabulary."""


@pytest.mark.parametrize("name", list(INPUTS))
def test_an_input_broadcasts_to_the_batch(name):
    batch = {column: torch.ones(3, 5, dtype=torch.int64) for column in ("input_ids", "token_type_ids", "pinyin_ids")}
    embedded = INPUTS[name](ModelConfig(**SMALL, parts=FITTED.get(name, {})))(batch)
    assert torch.broadcast_shapes(embedded.shape, (3, 5, 8)) == (3, 5, 8)


def batch_of() -> dict[str, torch.Tensor]:
    """Return three padded rows with every column that a part may read; add yours."""
    draw = torch.Generator().manual_seed(1)
    ids = torch.randint(5, 20, (3, 6), generator=draw)
    return {
        "input_ids": ids, "attention_mask": torch.arange(6) < torch.tensor([6, 4, 5])[:, None],
        "token_type_ids": torch.tensor([[0, 0, 0, 1, 1, 1]]).expand(3, -1), "keys": torch.tensor([3, 7, 11]),
        "masked_positions": torch.tensor([1, 2, 8, 13, 0]), "masked_labels": torch.tensor([7, 9, 5, 8, -100]),
        "next_sentence_label": torch.tensor([0, 1, 1]), "sentence_order_label": torch.tensor([1, 0, 1]),
        "progress": torch.tensor(0.5), "masked_places": torch.tensor([2, 1, 3, 4, -100]),
        "whole_input_ids": ids, "context_input_ids": ids.flip(0), "ngram_input_ids": ids[:, :4],
        **{f"{kind}_tags": ids % 5 for kind in ("pos", "ner", "dep")},
        "next_tokens": torch.cat([ids[:, 1:], torch.full((3, 1), -100)], 1),
        "coarse_input_ids": ids[:, ::2], "coarse_attention_mask": torch.arange(3) < torch.tensor([3, 2, 3])[:, None],
        "coarse_masked_positions": torch.tensor([1, 4]), "coarse_masked_labels": torch.tensor([7, 9]),
        "labels": torch.tensor([[7, 9, 5, 8, 3], [6, 3, -100, -100, -100], [9, 9, 7, 3, -100]]),
    }  # fmt: skip


def model_of(**settings: object) -> Model:
    return seeded_model(ModelConfig(**SMALL | settings), 1).eval()


@pytest.mark.parametrize("name", list(STACKS))
@pytest.mark.parametrize("layer", list(LAYERS))
@pytest.mark.parametrize("norm_position", ["post", "pre"])
def test_a_stack_keeps_the_shape_and_ignores_what_is_masked(name, layer, norm_position):
    config = ModelConfig(**SMALL, layer=layer, norm_position=norm_position)
    stack, batch = STACKS[name](config).eval(), batch_of()
    states = torch.randn(3, 6, 8)
    encoded, layers = stack(states, AttentionContext.of(batch, config), all_layers=True)
    assert [one.shape for one in layers] == [states.shape] * (config.num_hidden_layers + 1)
    assert torch.equal(layers[-1], encoded)
    alone, none = stack(states[1:2, :4], AttentionContext.of({"input_ids": batch["input_ids"][1:2, :4]}, config))
    assert none == ()
    torch.testing.assert_close(alone[0], encoded[1, :4], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", list(BODIES))
def test_a_body_gives_its_streams(name):
    model, batch = model_of(body=name), batch_of()
    body = model.body
    assert tuple(body.streams) == body.gives
    assert {body.main, *body.reads.values()} <= set(body.gives)
    for stream, spec in body.streams.items():
        made = model.encode(batch, stream, all_layers=True)
        n_rows, length = spec.view(batch)["input_ids"].shape
        assert made.hidden_states.shape == (n_rows, length, spec.config.hidden_size)
        assert made.row_states.shape == (n_rows, spec.config.hidden_size)
        assert made.token_table.shape == (spec.config.vocab_size, spec.config.table_size)
        assert torch.equal(made.layers[-1], made.hidden_states)
        assert model.encode(batch, stream).layers == ()
        assert body.multiply_adds(stream, 6) > 0


@pytest.mark.parametrize("name", list(OBJECTIVES))
def test_an_objective_knows_its_count_beforehand(name):
    model, batch = model_of(**{"objectives": (name,)} | HOME.get(name, {})), batch_of()
    found = model.predictions(batch)[name]
    assert model.counts(batch)[name] == found.count.item() > 0
    assert len(found.logits) == len(found.labels) == len(found.losses) == len(found.guesses)
    assert not found.losses[~found.real].any()
    assert torch.equal(found.loss_sum, model(batch)[name])


@pytest.mark.parametrize("name", list(OBJECTIVES))
def test_a_model_is_saved_in_a_format_that_names_every_weight_once(name):
    model = model_of(**{"objectives": (name,)} | HOME.get(name, {}))
    form, named = format_of(model.config), set()
    for part in (form, *form.beside.values()):
        names = {weight: theirs(weight, part) for weight in model.state_dict()}
        flat = [one for several in names.values() for one in several]
        assert len(set(flat)) == len(flat)
        named |= {weight for weight in names if names[weight]}
    assert named == set(model.state_dict())


def test_formats_are_chosen_by_what_they_are_for():
    assert list(FORMATS)[-1] == "zhprep"
    assert all(
        set(form.fields) <= {field.name for field in settings.settings(ModelConfig)} for form in FORMATS.values()
    )


@pytest.mark.parametrize("name", list(SCHEDULES))
def test_a_schedule_begins_at_one_and_never_rises(name):
    values = [SCHEDULES[name](step / 1000, OptimisationConfig(cycles=1, power=2.0)) for step in range(1001)]
    assert values[0] == 1.0
    assert values[-1] == pytest.approx(int(name == "constant"), abs=1e-12)
    assert all(0.0 <= later <= earlier for earlier, later in itertools.pairwise(values))


@pytest.mark.parametrize("name", list(SCHEDULES))
@pytest.mark.parametrize(("warmup", "n_warmup"), [(0.0, 0), (0.25, 10), (4.0, 4), (1.0, 1)])
def test_the_rate_rises_through_the_warm_up_and_is_never_nothing(name, warmup, n_warmup):
    config = OptimisationConfig(schedule=name, steps=40, warmup=warmup, cycles=1)
    rates = [factor(config, step) for step in range(40)]
    assert all(0.0 < value <= 1.0 for value in rates)
    assert rates[n_warmup] == max(rates) == 1.0
    assert rates[:n_warmup] == [(step + 1) / (n_warmup + 1) for step in range(n_warmup)]


@pytest.mark.parametrize("name", list(OPTIMISERS))
def test_an_optimiser_moves_weights_and_decays_no_biases_and_norms(name):
    model = Model(ModelConfig(**SMALL))
    config = OptimisationConfig(optimiser=name, learning_rate=0.1, weight_decay=0.5)
    made = groups(list(model.named_parameters()), config)
    free = {id(weight) for weight in made[1]["params"]}
    expected = {id(weight) for key, weight in model.named_parameters() if weight.ndim == 1}
    assert free == expected
    assert made[1]["weight_decay"] == 0.0
    optimiser = OPTIMISERS[name](list(model.named_parameters()), config)
    before = {key: weight.detach().clone() for key, weight in model.named_parameters()}
    for weight in model.parameters():
        weight.grad = torch.zeros_like(weight)
    optimiser.step()
    moved = {key for key, weight in model.named_parameters() if not torch.equal(weight, before[key])}
    assert moved == {key for key, weight in model.named_parameters() if weight.ndim > 1}  # decay alone moves these
