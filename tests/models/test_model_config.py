from __future__ import annotations

import numpy as np
import pytest
import torch

from zhprep.core.errors import DataError, UsageError
from zhprep.models import SIZES, Assets, Model, model_config
from zhprep.models.blocks.heads import Pooler
from zhprep.models.model import flops_per_token, n_parameters, seeded_model
from zhprep.models.recipe import RENAMED

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
        ({"embeddings": "product"}, "tiny", "unknown embeddings 'product'"),
        ({"body": "double"}, "tiny", "unknown body 'double'"),
        ({"layer": "conv"}, "tiny", "unknown layer 'conv'"),
        ({"norm": "batch"}, "tiny", "unknown norm 'batch'"),
        ({"activation": "gleu"}, "tiny", "unknown activation 'gleu'"),
        ({"objectives": ["mlm:coarse"]}, "tiny", "the stream 'coarse', which the body 'single' does not give"),
        ({"objective_rise": [3]}, "tiny", "1 objective_rise for 2 objectives"),
        ({"positon": {"offset": 2}}, "tiny", r"\[model.positon\] is of no part of this model"),
        ({"position": {"ofset": 2}}, "tiny", r"unknown setting 'ofset' in \[model.position\]"),
        ({"inputs": ["token", "colour"]}, "tiny", "unknown input 'colour'"),
        ({"objectives": ["mlm", "nsp"]}, "tiny", "unknown objective 'nsp'"),
        (
            {"body": "encoder-decoder", "objectives": ["seq2seq"], "inputs": ["token", "pinyin"]},
            "tiny",
            "'encoder-decoder' cannot read 'pinyin'",
        ),
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


@pytest.mark.parametrize("name", list(RENAMED))
def test_a_setting_under_its_old_name_is_told_the_new_one(name):
    with pytest.raises(UsageError, match=f"unknown setting '{name}'") as caught:
        model_config({name: 1}, "tiny", 30)
    assert f"called {RENAMED[name]} now" in caught.value.hint
    assert hasattr(model_config({}, "tiny", 30), RENAMED[name])


def test_settings_of_a_part_are_its_own():
    config = model_config({**BERT, "position": {"offset": 2}}, "tiny", 30)
    assert config.parts == {"position": {"offset": 2}}
    assert Model(config).body.embeddings.inputs["position"].table.num_embeddings == 514


def test_an_objective_may_rise():
    """LERT's schedule (LIP): min(step / 333,000, 1) for the first of its tasks."""
    section = {"objectives": ["mlm", "sentence_order"], "objective_weights": [1.0, 2.0], "objective_rise": [0, 1000]}
    model = Model(model_config(section, "tiny", 30))
    seen = [model.weights(step)["sentence_order"] for step in (0, 250, 1000, 5000)]
    assert seen == [0.0, 0.5, 2.0, 2.0]
    assert model.weights(0)["mlm"] == 1.0


def test_operations_are_counted_as_before():
    """6 for every weight of the layers, 12 layers' length x width, and the head for the masked share (BERT-base)."""
    with torch.device("meta"):
        model = Model(model_config(BERT, "base", 21128))
    layers = n_parameters(model.body.stack)
    expected = 6 * layers + 12 * 12 * 512 * 768 + 6 * 0.15 * 768 * (768 + 21128)
    assert flops_per_token(model, "main", 512, 0.15) == pytest.approx(expected, rel=1e-12)


def test_local_layers_are_counted_with_their_window():
    local = {"local_attention": 128, "global_attn_every_n_layers": 3, "rotary_theta": 1e4, "num_hidden_layers": 6}
    with torch.device("meta"):
        whole, part = (
            flops_per_token(Model(model_config({**BERT, **settings}, "tiny", 30)), "main", 1024, 0.15)
            for settings in ({"num_hidden_layers": 6}, local)
        )
    assert whole - part == pytest.approx(12 * 4 * (1024 - 128) * 128)


def test_assets_are_looked_for_beside_the_vocabulary_and_the_data(tmp_path):
    (tmp_path / "data").mkdir()
    assets = Assets(tmp_path / "vocab", tmp_path / "data")
    with pytest.raises(UsageError, match=r"needs glyphs\.npy, which is not in .*vocab or .*data") as caught:
        assets.array("glyphs.npy", made_by="zhprep render-glyphs --vocab {vocabulary}")
    assert caught.value.hint == f"zhprep render-glyphs --vocab {tmp_path / 'vocab'}"
    np.save(tmp_path / "data" / "glyphs.npy", np.arange(6))
    assert assets.array("glyphs.npy", made_by="").tolist() == list(range(6))
    (tmp_path / "data" / "glyphs.npy").write_bytes(b"no array")
    with pytest.raises(DataError, match=r"glyphs\.npy: is not an array"):
        assets.array("glyphs.npy", made_by="")
