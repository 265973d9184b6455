from __future__ import annotations

import dataclasses
import json

import pytest
import torch

from zhprep.core.errors import DataError, UsageError
from zhprep.models import Model, ModelConfig
from zhprep.models.checkpoints.files import load_model, load_weights, read_config, save_model
from zhprep.models.model import seeded_model

ALBERT = {"stack": "shared", "embedding_size": 16, "objectives": ("mlm",)}


def test_a_saved_model_is_loaded_as_it_was(small, tmp_path):
    model = seeded_model(small, 5)
    save_model(model, tmp_path, pad_id=3)
    loaded = load_model(tmp_path)
    assert loaded.config == small
    assert all(torch.equal(weight, loaded.state_dict()[name]) for name, weight in model.state_dict().items())
    assert json.loads((tmp_path / "config.json").read_text())["pad_token_id"] == 3


def test_fewer_layers_take_the_first_ones(small, tmp_path):
    """As RBT3 begins with the first three layers of RoBERTa-wwm-ext."""
    big = seeded_model(small, 5)
    save_model(big, tmp_path)
    shallow = seeded_model(dataclasses.replace(small, num_hidden_layers=1), 6)
    assert load_weights(shallow, tmp_path) == []
    assert all(torch.equal(weight, big.state_dict()[name]) for name, weight in shallow.state_dict().items())


def test_heads_that_are_not_there_stay_fresh_and_are_named(small, tmp_path):
    save_model(seeded_model(dataclasses.replace(small, objectives=("mlm",)), 5), tmp_path)
    model = seeded_model(small, 6)
    before = model.objectives["next_sentence"].head.classifier.weight.clone()
    fresh = load_weights(model, tmp_path)
    assert fresh == [
        f"objectives.next_sentence.head.{part}.{kind}"
        for part in ("pooler", "classifier")
        for kind in ("weight", "bias")
    ]
    assert torch.equal(model.objectives["next_sentence"].head.classifier.weight, before)


def test_a_model_of_another_width_is_refused(small, tmp_path):
    save_model(seeded_model(small, 5), tmp_path)
    other = Model(dataclasses.replace(small, vocab_size=51))
    with pytest.raises(DataError, match=r"table.weight is \[50, 32\], the model wants \[51, 32\]"):
        load_weights(other, tmp_path)


def test_a_model_with_a_weight_missing_is_refused(small, tmp_path):
    save_model(seeded_model(dataclasses.replace(small, num_hidden_layers=1), 5), tmp_path)
    described = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(described | {"num_hidden_layers": 2}))
    with pytest.raises(DataError, match=r"no weights for body\.stack\.layers\.1"):
        load_model(tmp_path)


def test_what_is_not_a_model_folder_is_told(tmp_path):
    with pytest.raises(UsageError, match=r"no config\.json"):
        read_config(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "gpt2"}')
    with pytest.raises(DataError, match="model_type is 'gpt2'"):
        read_config(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(DataError, match=r"config\.json"):
        read_config(tmp_path)


def test_a_folder_of_an_earlier_version_is_loaded(small, tmp_path):
    """Its config.json had our settings under their old names beside those of transformers."""
    model = seeded_model(dataclasses.replace(small, inputs=("token", "position")), 5)
    save_model(model, tmp_path)
    described = json.loads((tmp_path / "config.json").read_text())
    described["zhprep"] = {
        "inputs": ["token", "position"], "encoder": "stacked", "objectives": ["mlm", "next_sentence"],
        "objective_weights": [],
    }  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(described))
    assert load_model(tmp_path).config == model.config


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"norm_position": "pre"}, "zhprep"),
        ({"embedding_size": 16}, "zhprep"),
        ({"bias": False}, "zhprep"),
        ({"activation": "geglu"}, "zhprep"),
        ({"rotary_theta": 1e4}, "zhprep"),
        ({**ALBERT, "activation": "relu"}, "albert"),
        ({**ALBERT, "activation": "geglu"}, "zhprep"),  # no hidden_act there: nothing could load it
        ({"parts": {"position": {"offset": 1}}}, "roberta"),
        ({"format": "zhprep"}, "zhprep"),
    ],
)
def test_what_is_no_bert_is_saved_as_another(small, tmp_path, change, kind):
    model = seeded_model(dataclasses.replace(small, **change), 5)
    save_model(model, tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["model_type"] == kind
    loaded = load_model(tmp_path)
    assert loaded.config == model.config
    assert all(torch.equal(weight, loaded.state_dict()[name]) for name, weight in model.state_dict().items())


def modern(tmp_path, **stated: object) -> ModelConfig:
    """What is read of a ModernBERT's config.json that states this beside what all have."""
    described = {"model_type": "modernbert", "hidden_activation": "gelu", "num_hidden_layers": 5, **stated}
    (tmp_path / "config.json").write_text(json.dumps(described))
    return read_config(tmp_path)


def test_the_windows_of_modernbert_are_read_as_transformers_4_writes_them(tmp_path):
    """The released config.json has a number in place of `layer_types`; each layer saw all, without a word."""
    old = {"global_rope_theta": 80_000.0, "local_rope_theta": 5_000.0, "local_attention": 64}
    config = modern(tmp_path, global_attn_every_n_layers=2, **old)
    assert config.global_attn_every_n_layers == 2
    assert (config.rotary_theta, config.local_rotary_theta, config.local_attention) == (80_000.0, 5_000.0, 64)
    assert modern(tmp_path).global_attn_every_n_layers == 3  # the default there
    kinds = ["full_attention", *4 * ["sliding_attention"]]
    assert modern(tmp_path, layer_types=kinds).global_attn_every_n_layers == 5
    assert modern(tmp_path, layer_types=5 * ["full_attention"]).global_attn_every_n_layers == 1


@pytest.mark.parametrize(("window", "every"), [(8, 2), (0, 1)])
def test_the_windows_of_modernbert_are_written_for_transformers_4_too(tmp_path, window, every):
    config = modern(tmp_path, hidden_size=32, num_attention_heads=2, intermediate_size=32, vocab_size=50)
    config = dataclasses.replace(
        config, local_attention=window, global_attn_every_n_layers=2, rotary_theta=8e4, local_rotary_theta=5e3
    )  # fmt: skip
    save_model(seeded_model(config, 1), tmp_path)
    described = json.loads((tmp_path / "config.json").read_text())
    for name in ("layer_types", "rope_parameters", "zhprep"):
        del described[name]
    found = modern(tmp_path, **described)
    assert found.global_attn_every_n_layers == every
    assert (found.rotary_theta, found.local_rotary_theta) == (8e4, 5e3)


def test_a_format_is_refused_for_a_model_that_is_none(small, tmp_path):
    model = seeded_model(dataclasses.replace(small, norm_position="pre", format="bert"), 5)
    with pytest.raises(UsageError, match="cannot be saved as 'bert'"):
        save_model(model, tmp_path)
    with pytest.raises(UsageError, match="unknown model format 'brt'"):
        save_model(seeded_model(dataclasses.replace(small, format="brt"), 5), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_roberta_whose_positions_begin_elsewhere_is_refused(small, tmp_path):
    """Its classes begin behind the padding: hidden states were others there, without a word."""
    config = dataclasses.replace(small, parts={"position": {"offset": 2}})
    with pytest.raises(UsageError, match=r"counts positions from 1, .* is 2") as told:
        save_model(seeded_model(config, 5), tmp_path, pad_id=0)
    assert "behind_padding = true" in told.value.hint
    assert not list(tmp_path.iterdir())
    save_model(seeded_model(config, 5), tmp_path, pad_id=1)
    assert load_model(tmp_path).config == config
    own = dataclasses.replace(config, format="zhprep")
    save_model(seeded_model(own, 5), tmp_path, pad_id=0)
    assert load_model(tmp_path).config == own


def test_weights_begin_with_those_of_another_format(small, tmp_path):
    """An own-format model takes what a BERT folder has under the same names of ours."""
    save_model(seeded_model(small, 5), tmp_path)
    model = seeded_model(dataclasses.replace(small, rotary_theta=1e4), 6)
    assert load_weights(model, tmp_path) == []
