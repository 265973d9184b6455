from __future__ import annotations

import pytest
import torch

from zhprep.core.errors import UsageError
from zhprep.models import SIZES, Model, model_config
from zhprep.models.heads import Pooler
from zhprep.models.model import n_parameters, seeded_model

BERT = {"inputs": ["token", "position", "segment"], "stack": "separate", "objectives": ["mlm", "next_sentence"]}


@pytest.mark.parametrize(
    ("size", "layers", "encoder_and_pooler", "everything"),
    [
        ("base", 12, 102_267_648, 102_882_442),
        ("large", 24, 325_522_432, 326_597_258 - 0),
        ("base", 3, 38_476_800, None),
        ("base", 4, 45_564_672, None),
        ("base", 6, 59_740_416, None),
        ("large", 3, 61_001_728, None),
    ],
)
def test_models_have_the_published_number_of_weights(size, layers, encoder_and_pooler, everything):
    """BERT-base zh, BERT-large zh, RBT3, RBT4, RBT6 and RBTL3: encoder with pooler; base with both heads."""
    config = model_config({**BERT, "num_hidden_layers": layers}, size, 21128)
    with torch.device("meta"):
        model, pooler = Model(config), Pooler(config)
    assert n_parameters(model.body, pooler) == encoder_and_pooler
    if everything is not None:
        assert n_parameters(model) == everything


def test_heads_are_64_wide_at_every_size():
    assert {values["hidden_size"] // values["num_attention_heads"] for values in SIZES.values()} == {64}


def test_a_recipe_may_have_sizes_of_its_own():
    section = {
        **BERT,
        "sizes": {
            "nano": {"num_hidden_layers": 1, "hidden_size": 8, "num_attention_heads": 2, "intermediate_size": 16}
        },
    }
    assert model_config(section, "nano", 30).hidden_size == 8
    assert model_config(section, "tiny", 30).hidden_size == 128


def test_settings_of_the_recipe_go_before_those_of_the_size():
    assert model_config({**BERT, "num_hidden_layers": 3}, "base", 30).num_hidden_layers == 3


@pytest.mark.parametrize(
    ("section", "size", "message"),
    [
        ({"stak": "separate"}, "tiny", "unknown setting 'stak'"),
        ({}, "tny", "unknown size 'tny'"),
        ({"num_attention_heads": 3}, "tiny", "cannot be shared by 3 heads"),
        ({"objective_weights": [1.0, 2.0, 3.0]}, "tiny", "3 objective_weights for 2 objectives"),
        ({"stack": "seperate"}, "tiny", "unknown stack 'seperate'"),
        ({"inputs": ["token", "colour"]}, "tiny", "unknown input 'colour'"),
        ({"objectives": ["mlm", "nsp"]}, "tiny", "unknown objective 'nsp'"),
    ],
)
def test_what_does_not_fit_is_named(section, size, message):
    with pytest.raises(UsageError, match=message):
        Model(model_config(section, size, 30))


def test_fresh_weights_are_a_function_of_the_seed_alone(small):
    torch.manual_seed(1)
    first = seeded_model(small, 7).state_dict()
    torch.manual_seed(2)
    before = torch.get_rng_state()
    again, other = seeded_model(small, 7).state_dict(), seeded_model(small, 8).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(
        first["body.embeddings.inputs.token.table.weight"], other["body.embeddings.inputs.token.table.weight"]
    )
    assert torch.equal(torch.get_rng_state(), before)
