from __future__ import annotations

import pytest
import torch

from zhprep.core.errors import DataError, UsageError
from zhprep.models.checkpoints.bert import FORMAT as BERT
from zhprep.models.checkpoints.names import from_format, theirs, to_format
from zhprep.models.model import seeded_model


def test_fused_weights_are_taken_apart_in_order():
    assert theirs("body.stack.layers.11.attention.block.qkv.bias", BERT) == (
        "bert.encoder.layer.11.attention.self.query.bias",
        "bert.encoder.layer.11.attention.self.key.bias",
        "bert.encoder.layer.11.attention.self.value.bias",
    )


def test_renaming_there_and_back_gives_every_weight_back(small):
    ours = seeded_model(small, 3).state_dict()
    back = from_format(to_format(ours, BERT), ours, BERT)
    assert back.keys() == ours.keys()
    assert all(torch.equal(back[name], ours[name]) for name in ours)


def test_no_two_weights_have_one_name(small):
    ours = seeded_model(small, 3).state_dict()
    names = [name for weight in ours for name in theirs(weight, BERT)]
    assert len(set(names)) == len(names) == len(to_format(ours, BERT))


def test_a_weight_without_a_name_there_is_refused():
    weights = {"body.stack.layers.0.gate.weight": torch.zeros(2, 2)}
    with pytest.raises(UsageError, match=r"'bert' has no name for the weight body\.stack\.layers\.0\.gate\.weight"):
        to_format(weights, BERT)


def test_googles_names_and_a_bare_encoder_are_understood(small):
    ours = seeded_model(small, 3).state_dict()
    old = {
        name.removeprefix("bert.")
        .replace("LayerNorm.weight", "LayerNorm.gamma")
        .replace("LayerNorm.bias", "LayerNorm.beta"): weight
        for name, weight in to_format(ours, BERT).items()
        if not name.startswith("cls.")
    }
    found = from_format(old, ours, BERT)
    assert {name for name in ours if name not in found} == {
        name for name in ours if name.startswith("objectives.") and "pooler" not in name
    }
    assert all(torch.equal(found[name], ours[name]) for name in found)


def test_a_file_with_a_third_of_a_fused_weight_is_damaged(small):
    weights = to_format(seeded_model(small, 3).state_dict(), BERT)
    del weights["bert.encoder.layer.0.attention.self.key.weight"]
    with pytest.raises(DataError, match="only some of"):
        from_format(weights, ["body.stack.layers.0.attention.block.qkv.weight"], BERT)
