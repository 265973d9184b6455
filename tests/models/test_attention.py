"""What a position may see, and what turns it: settings of layers and columns of batches, on whole models."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch

from zhprep.core.errors import UsageError
from zhprep.models.blocks.attention import AttentionContext, position_ids, rotated, rotation
from zhprep.models.blocks.feedforward import ACTIVATIONS, FeedForward
from zhprep.models.blocks.norms import NORMS
from zhprep.models.blocks.stacks import make_stack
from zhprep.models.blocks.stacks.relative import BucketSettings, buckets
from zhprep.models.config import ModelConfig
from zhprep.models.model import Model, seeded_model

CONFIG = ModelConfig(
    vocab_size=50, num_hidden_layers=2, hidden_size=32, num_attention_heads=2, intermediate_size=64,
    max_position_embeddings=24, inputs=("token", "position"), objectives=("mlm",),
)  # fmt: skip
MODERN = dataclasses.replace(
    CONFIG, inputs=("token",), norm_position="pre", norm="rms", activation="geglu", bias=False, rotary_theta=10_000.0
)


def draw(*shape: int, below: int = 50) -> torch.Tensor:
    return torch.randint(0, below, shape, generator=torch.Generator().manual_seed(sum(shape)))


def states(model: Model, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    with torch.inference_mode():
        return model.eval().encode(batch).hidden_states


@pytest.mark.parametrize("config", [CONFIG, MODERN, dataclasses.replace(MODERN, local_attention=4)])
def test_sequences_packed_in_a_row_are_as_if_alone(config):
    model, ids = seeded_model(config, 1), draw(2, 12)
    batch = {
        "input_ids": ids, "cu_seqlens": torch.tensor([0, 5, 12, 20, 24]),
        "attention_mask": torch.arange(24).view(2, 12) < 20,
    }  # fmt: skip
    packed = states(model, batch).flatten(0, 1)
    for begin, end in ((0, 5), (5, 12), (12, 20)):
        alone = states(model, {"input_ids": ids.flatten()[None, begin:end]})[0]
        torch.testing.assert_close(packed[begin:end], alone, rtol=1e-5, atol=1e-5)
    assert packed.isfinite().all()


def test_positions_are_those_of_the_sequence():
    batch = {"input_ids": draw(2, 6), "cu_seqlens": torch.tensor([0, 4, 6, 9, 12])}
    assert position_ids(batch).tolist() == [[0, 1, 2, 3, 0, 1], [0, 1, 2, 0, 1, 2]]
    assert position_ids({"input_ids": draw(2, 6)}).tolist() == list(range(6))
    given = torch.tensor([[0, 1, 0], [0, 0, 1]])
    assert position_ids({"input_ids": draw(2, 3), "position_ids": given}) is given


def changed(config: ModelConfig, place: int, *, causal: bool = False) -> list[int]:
    """Return which positions see a change at ``place``."""
    torch.manual_seed(1)
    stack = make_stack(config).eval()
    context = AttentionContext.of({"input_ids": draw(1, 16)}, config, causal=causal)
    before = torch.randn(1, 16, 32)
    after = before.clone()
    after[0, place] += 1
    with torch.inference_mode():
        moved = (stack(before, context)[0] - stack(after, context)[0]).abs().amax(-1)[0]
    return torch.nonzero(moved > 1e-6).flatten().tolist()


def test_what_is_causal_sees_nothing_that_comes_later():
    assert changed(CONFIG, 9) == list(range(16))
    assert changed(CONFIG, 9, causal=True) == list(range(9, 16))


def test_every_so_many_layers_see_all():
    local = {"local_attention": 4, "local_rotary_theta": 100.0, "num_hidden_layers": 5}
    stack = make_stack(dataclasses.replace(MODERN, **local, global_attn_every_n_layers=3))
    blocks = [layer.attention.block for layer in stack.layers]
    assert [block.window for block in blocks] == [0, 4, 4, 0, 4]
    assert [block.theta for block in blocks] == [1e4, 100.0, 100.0, 1e4, 100.0]


def test_a_window_is_half_to_each_side():
    config = dataclasses.replace(MODERN, local_attention=4, global_attn_every_n_layers=2, num_hidden_layers=2)
    torch.manual_seed(1)
    local = make_stack(config).eval().layers[1].attention.block
    context = AttentionContext.of({"input_ids": draw(1, 16)}, config)
    before = torch.randn(1, 16, 32)
    after = before.clone()
    after[0, 9] += 1
    moved = (local(before, context) - local(after, context)).abs().amax(-1)[0]
    assert torch.nonzero(moved > 1e-6).flatten().tolist() == [7, 8, 9, 10, 11]


def test_another_stream_is_read_where_it_is_real():
    config = dataclasses.replace(CONFIG, cross_attention=True)
    torch.manual_seed(1)
    stack, hidden, source = make_stack(config).eval(), torch.randn(2, 5, 32), torch.randn(2, 7, 32)
    mask = torch.arange(7) < torch.tensor([7, 4])[:, None]
    context = AttentionContext.of({"input_ids": draw(2, 5)}, config)
    whole = stack(hidden, context.reading(source, {"attention_mask": mask}))[0]
    one = AttentionContext.of({"input_ids": draw(1, 5)}, config)
    alone = stack(hidden[1:], one.reading(source[1:, :4], {}))[0]
    torch.testing.assert_close(whole[1:], alone, rtol=1e-5, atol=1e-5)
    source[1, 5] += 1
    assert torch.equal(stack(hidden, context.reading(source, {"attention_mask": mask}))[0], whole)
    source[0, 5] += 1
    assert not torch.equal(stack(hidden, context.reading(source, {"attention_mask": mask}))[0], whole)


def test_a_bias_is_added_to_the_scores():
    torch.manual_seed(1)
    stack, hidden = make_stack(CONFIG).eval(), torch.randn(2, 6, 32)
    mask = torch.arange(6) < torch.tensor([6, 4])[:, None]
    context = AttentionContext.of({"input_ids": draw(2, 6), "attention_mask": mask}, CONFIG)
    nothing = context.biased(torch.zeros(1, 2, 6, 6))
    torch.testing.assert_close(stack(hidden, nothing)[0], stack(hidden, context)[0], rtol=1e-5, atol=1e-5)
    some = context.biased(torch.randn(1, 2, 6, 6))
    assert (stack(hidden, some)[0] - stack(hidden, context)[0]).abs().max() > 1e-3


def test_rotated_scores_depend_on_the_distance_alone():
    query, key = torch.randn(2, 1, 1, 1, 16)
    cosines, sines = rotation(torch.tensor([0, 3, 5, 8]), 16, 100.0)
    turned = [
        [rotated(one, (cosines[:, :, [place]], sines[:, :, [place]])) for place in range(4)] for one in (query, key)
    ]
    near, far = ((turned[0][a] * turned[1][b]).sum() for a, b in ((0, 1), (2, 3)))
    torch.testing.assert_close(near, far, rtol=1e-4, atol=1e-5)
    assert not torch.isclose(near, (turned[0][0] * turned[1][3]).sum(), rtol=1e-3)


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
@pytest.mark.parametrize("norm", list(NORMS))
@pytest.mark.parametrize("bias", [True, False])
def test_settings_of_layers_are_those_of_the_model(activation, norm, bias):
    config = dataclasses.replace(CONFIG, activation=activation, norm=norm, bias=bias, norm_position="pre")
    model = seeded_model(config, 1)
    block = next(module for module in model.modules() if isinstance(module, FeedForward))
    assert block.up.out_features == 64 * (2 if "glu" in activation else 1)
    biases = [name for name in model.state_dict() if name.endswith("bias")]
    assert len(biases) > 1 if bias else biases == ["objectives.mlm.head.bias"]
    assert states(model, {"input_ids": draw(2, 6)}).isfinite().all()


def test_a_narrow_token_table_is_projected(tmp_path):
    model = seeded_model(dataclasses.replace(CONFIG, embedding_size=8), 1)
    assert model.encode({"input_ids": draw(2, 6)}).token_table.shape == (50, 8)
    assert model.objectives["mlm"].head.transform.out_features == 8
    assert states(model, {"input_ids": draw(2, 6)}).shape == (2, 6, 32)


def bucket(behind: int, n_buckets: int, furthest: int, both_ways: bool) -> int:
    """T5's rule for one distance (Mesh TensorFlow, ``_relative_position_bucket``), plainly."""
    first = 0
    if both_ways:
        n_buckets //= 2
        first = n_buckets if behind < 0 else 0
        behind = abs(behind)
    elif behind < 0:
        behind = 0
    single = n_buckets // 2
    if behind < single:
        return first + behind
    share = math.log(behind / single) / math.log(furthest / single)
    return first + min(single + int(share * (n_buckets - single)), n_buckets - 1)


def test_buckets_that_have_no_end_are_refused():
    for wrong in ({"num_buckets": 31}, {"max_distance": 16}):
        with pytest.raises(UsageError, match="do not end"):
            BucketSettings(**wrong)


@pytest.mark.parametrize("both_ways", [True, False])
@pytest.mark.parametrize(("n_buckets", "furthest"), [(32, 128), (8, 20), (4, 3)])
def test_distances_fall_into_buckets(both_ways, n_buckets, furthest):
    settings = BucketSettings(num_buckets=n_buckets, max_distance=furthest)
    behind = torch.tensor([one for one in range(-300, 301) if one not in (furthest, -furthest)])
    expected = [bucket(one, n_buckets, furthest, both_ways) for one in behind.tolist()]
    assert buckets(behind, settings, both_ways=both_ways).tolist() == expected
