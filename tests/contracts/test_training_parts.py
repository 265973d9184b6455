"""The families of the training code: modules in the folder are the keys of the dict, and every entry keeps its word."""

from __future__ import annotations

import importlib
import itertools
import pkgutil

import pytest
import torch

from zhprep.core import config as settings
from zhprep.engine.config import OPTIMISER_NAMES, SCHEDULE_NAMES, OptimisationConfig
from zhprep.engine.groups import groups
from zhprep.engine.optimisers import OPTIMISERS
from zhprep.engine.schedules import SCHEDULES, factor
from zhprep.models import ENCODERS, INPUTS, OBJECTIVES
from zhprep.models.config import ModelConfig
from zhprep.models.model import Model
from zhprep.models.names import theirs
from zhprep.pretrain.config import PretrainConfig

FAMILIES = {
    "zhprep.models.inputs": INPUTS,
    "zhprep.models.encoders": ENCODERS,
    "zhprep.models.objectives": OBJECTIVES,
    "zhprep.engine.optimisers": OPTIMISERS,
    "zhprep.engine.schedules": SCHEDULES,
}
SMALL = {"n_layers": 1, "width": 8, "n_heads": 2, "feedforward_width": 16, "vocabulary_size": 20}


@pytest.mark.parametrize("package", list(FAMILIES))
def test_a_part_is_a_file_and_a_line(package):
    modules = {module.name for module in pkgutil.iter_modules(importlib.import_module(package).__path__)}
    assert modules == {name.replace("-", "_") for name in FAMILIES[package]}


def test_choices_of_settings_are_the_parts():
    assert tuple(SCHEDULES) == SCHEDULE_NAMES
    assert tuple(OPTIMISERS) == OPTIMISER_NAMES


@pytest.mark.parametrize("config", [PretrainConfig, ModelConfig])
def test_every_setting_says_what_it_does(config):
    assert all(field.metadata["help"] for field in settings.settings(config))


@pytest.mark.parametrize("name", list(INPUTS))
def test_an_input_broadcasts_to_the_batch(name):
    batch = {column: torch.ones(3, 5, dtype=torch.int64) for column in ("input_ids", "token_type_ids")}
    embedded = INPUTS[name](ModelConfig(**SMALL))(batch)
    assert torch.broadcast_shapes(embedded.shape, (3, 5, 8)) == (3, 5, 8)


@pytest.mark.parametrize("name", list(ENCODERS))
def test_an_encoder_keeps_the_shape_and_ignores_what_is_masked(name):
    encoder = ENCODERS[name](ModelConfig(**SMALL)).eval()
    states, mask = torch.randn(2, 6, 8), torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0]]).bool()
    encoded = encoder(states, mask)
    assert encoded.shape == states.shape
    torch.testing.assert_close(encoder(states[1:, :4], None)[0], encoded[1, :4], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", list(OBJECTIVES))
def test_weights_of_every_objective_have_names_in_transformers(name):
    for weight in Model(ModelConfig(**SMALL, objectives=(name,))).state_dict():
        assert theirs(weight)


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
