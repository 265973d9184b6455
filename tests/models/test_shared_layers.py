"""Layers that share weights: how many there are, that each is one thing, and what a step does to it."""

from __future__ import annotations

import pytest
import torch

from zhprep.core.errors import UsageError
from zhprep.models import ModelConfig
from zhprep.models.checkpoints.files import load_model, save_model
from zhprep.models.model import Model, flops_per_token, n_parameters, seeded_model

TINY = {"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 32, "vocab_size": 30, "objectives": ("mlm",)}
GOOGLE = {"vocab_size": 21128, "stack": "shared", "embedding_size": 128, "objectives": ("mlm",)}
"""Chinese ALBERT: layers, hidden size, feed-forward, heads, parameters without heads (systems: google-research/albert,
brightmart/albert_zh), with the pooler that is part of a sentence head."""
SIZES = {
    "tiny": (4, 312, 1248, 12, 4_080_520),
    "small": (6, 384, 1536, 12, 4_742_272),
    "base": (12, 768, 3072, 12, 10_547_968),
    "large": (24, 1024, 4096, 16, 16_548_352),
    "xlarge": (24, 2048, 8192, 32, 57_589_248),
    "xxlarge": (12, 4096, 16384, 64, 221_459_968),
}


def shared(sharing: str, n_layers: int = 3) -> Model:
    parts = {"shared": {"sharing": sharing}}
    return seeded_model(ModelConfig(**TINY, stack="shared", num_hidden_layers=n_layers, parts=parts), 1)


@pytest.mark.parametrize("size", SIZES)
def test_parameters_of_the_published_sizes(size):
    n_layers, width, inner, heads, expected = SIZES[size]
    with torch.device("meta"):
        model = Model(ModelConfig(
            **GOOGLE, num_hidden_layers=n_layers, hidden_size=width, intermediate_size=inner, num_attention_heads=heads,
        ))  # fmt: skip
    assert n_parameters(model.body) + width * width + width == expected  # and the pooler


def test_what_is_shared_is_counted_once():
    one = n_parameters(shared("none", 1).body.stack)
    assert n_parameters(shared("all", 1).body.stack) == n_parameters(shared("all", 7).body.stack) == one
    assert n_parameters(shared("none").body.stack) == 3 * one
    attention = n_parameters(shared("all").body.stack.layers[0].attention)
    feedforward = n_parameters(shared("all").body.stack.layers[0].feedforward)
    assert n_parameters(shared("attention").body.stack) == attention + 3 * feedforward
    assert n_parameters(shared("feed-forward").body.stack) == 3 * attention + feedforward


def test_sharing_saves_no_products():
    ways = "all", "attention", "feed-forward", "none"
    assert len({flops_per_token(shared(sharing), "main", 8, 0.15) for sharing in ways}) == 1


@pytest.mark.parametrize("sharing", ["all", "attention", "feed-forward", "none"])
def test_weights_that_are_equal_give_the_same_whether_shared_or_not(sharing):
    model, apart = shared(sharing), shared("none")
    first = shared("all").state_dict()
    for one in (model, apart):
        one.load_state_dict(first, strict=False)
        for layer in one.body.stack.layers[1:]:
            layer.load_state_dict(one.body.stack.layers[0].state_dict(), strict=False)
    batch = {"input_ids": torch.arange(24).view(3, 8)}
    assert torch.equal(model.eval().encode(batch).hidden_states, apart.eval().encode(batch).hidden_states)


@pytest.mark.parametrize("sharing", ["attention", "feed-forward", "none"])
def test_one_that_is_shared_in_part_is_saved_and_loaded(sharing, tmp_path):
    model = shared(sharing)
    save_model(model, tmp_path)
    batch = {"input_ids": torch.arange(24).view(3, 8)}
    again = load_model(tmp_path)
    assert torch.equal(again.eval().encode(batch).hidden_states, model.eval().encode(batch).hidden_states)


LOCAL = {"local_attention": 4, "rotary_theta": 1e4, "inputs": ("token",)}


@pytest.mark.parametrize("sharing", ["all", "attention"])
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({**LOCAL, "global_attn_every_n_layers": 3}, "cannot see a window in some and all in others"),
        ({"layer": "bare-first", "norm_position": "pre"}, "cannot have a norm before it in all but the first"),
    ],
)
def test_an_attention_that_is_shared_is_alike_in_all_layers(settings, message, sharing):
    """Each layer was computed as the first: without its window or its norm, and without a word."""
    parts = {"shared": {"sharing": sharing}}
    with pytest.raises(UsageError, match=message):
        Model(ModelConfig(**TINY | settings, stack="shared", num_hidden_layers=6, parts=parts))


def test_attentions_of_their_own_may_differ():
    settings = {**LOCAL, "global_attn_every_n_layers": 3, "layer": "bare-first", "norm_position": "pre"}
    parts = {"shared": {"sharing": "feed-forward"}}
    stack = Model(ModelConfig(**TINY | settings, stack="shared", num_hidden_layers=4, parts=parts)).body.stack
    assert [layer.attention.block.window for layer in stack.sequence()] == [0, 4, 4, 0]


def test_the_gradient_of_a_shared_block_is_that_of_all_its_uses():
    model = shared("all")
    batch = {
        "input_ids": torch.arange(24).view(3, 8),
        "masked_positions": torch.tensor([1, 9]),
        "masked_labels": torch.tensor([3, 4]),
    }
    model.eval()(batch)["mlm"].backward()
    gradients = [weight.grad for weight in model.body.stack.parameters()]
    assert all(gradient is not None and gradient.abs().sum() > 0 for gradient in gradients)
