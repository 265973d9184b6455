from __future__ import annotations

import dataclasses
import json

import pytest
import torch

from zhprep.core.errors import DataError, UsageError
from zhprep.models import Model, load_model, load_weights, save_model
from zhprep.models.checkpoints.files import read_config
from zhprep.models.model import seeded_model


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
