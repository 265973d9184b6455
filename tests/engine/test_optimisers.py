"""Each optimiser beside a plain twin, its groups, and that a checkpoint brings it back to the bit."""

from __future__ import annotations

import dataclasses

import numpy as np
import plain_optimisers
import pytest
import torch
from torch import nn

from zhprep.core.errors import UsageError
from zhprep.engine import checkpoint
from zhprep.engine.config import OptimisationConfig
from zhprep.engine.groups import depth_of, groups
from zhprep.engine.optimisers import OPTIMISERS
from zhprep.engine.optimisers.muon import orthogonalised

CONFIG = OptimisationConfig(learning_rate=0.02, weight_decay=0.3, beta1=0.8, beta2=0.95, epsilon=1e-4, momentum=0.9)
SHAPES = {
    "embeddings.table": (7, 4), "encoder.layers.0.output.weight": (6, 4), "encoder.layers.1.output.weight": (4, 5),
    "encoder.layers.1.norm.weight": (4,), "encoder.layers.1.output.bias": (4,), "heads.mlm.weight": (3, 4),
}  # fmt: skip


def weights(seed: int = 0) -> list[tuple[str, nn.Parameter]]:
    draw = torch.Generator().manual_seed(seed)
    return [(name, nn.Parameter(torch.randn(shape, generator=draw))) for name, shape in SHAPES.items()]


def gradients(n_steps: int) -> dict[str, list[torch.Tensor]]:
    """Gradients of very different sizes, so that clipping and trust ratios matter."""
    draw = torch.Generator().manual_seed(9)
    sizes = [1.0, 0.01, 5.0, 0.3, 30.0]
    return {
        name: [torch.randn(shape, generator=draw) * sizes[step % 5] for step in range(n_steps)]
        for name, shape in SHAPES.items()
    }


def steps(named, optimiser, given, first: int, last: int) -> None:
    for step in range(first, last):
        for name, weight in named:
            weight.grad = given[name][step].clone()
        optimiser.step()


def twin(name: str, weight: str, given, before, config) -> np.ndarray:
    decay = 0.0 if weight.endswith("bias") or "norm." in weight else config.weight_decay
    settings = config.learning_rate, decay, config.beta1, config.beta2, config.epsilon
    value, seen = before.double().numpy(), [gradient.double().numpy() for gradient in given]
    hidden = "layers." in weight and value.ndim == 2
    for step in range(1, len(seen) + 1):
        if name == "muon" and hidden:
            value = plain_optimisers.muon(value, seen[:step], *settings[:2], config.momentum)
        else:
            value = plain_optimisers.RULES["adamw" if name == "muon" else name](value, seen[:step], *settings)
    return value


@pytest.mark.parametrize("name", list(OPTIMISERS))
def test_weights_become_those_of_the_paper(name):
    named, given = weights(), gradients(5)
    before = {key: weight.detach().clone() for key, weight in named}
    steps(named, OPTIMISERS[name](named, CONFIG), given, 0, 5)
    for key, weight in named:
        expected = twin(name, key, given[key], before[key], CONFIG)
        np.testing.assert_allclose(weight.detach().numpy(), expected, rtol=1e-4, atol=2e-5, err_msg=key)
        assert not np.allclose(weight.detach().numpy(), before[key].numpy(), rtol=1e-2)


def test_muon_is_that_of_torch_but_for_its_bfloat16():
    named, theirs = weights(), weights()
    hidden = [weight for name, weight in theirs if name.endswith("output.weight")]
    torchs = torch.optim.Muon(hidden, lr=0.02, weight_decay=0.3, momentum=0.9, adjust_lr_fn="match_rms_adamw")
    ours = OPTIMISERS["muon"](named, CONFIG)
    for group in ours.param_groups:
        group["lr"] = 0.02
    steps(named, ours, gradients(5), 0, 5)
    steps(theirs, torchs, gradients(5), 0, 5)
    for (name, one), (_, other) in zip(named, theirs, strict=True):
        if name.endswith("output.weight"):
            torch.testing.assert_close(one, other, rtol=2e-2, atol=5e-3)


@pytest.mark.parametrize("shape", [(24, 24), (24, 36), (24, 40), (96, 24), (16, 128)])
def test_matrices_are_orthogonalised_as_in_double_precision(shape):
    """Also those whose singular values fall to a thousandth; by squares of the short side or not."""
    draw = torch.Generator().manual_seed(sum(shape))
    matrix = torch.randn(*shape, generator=draw) * torch.logspace(0, -3, shape[1])
    states = matrix.double() / matrix.double().norm()
    for _ in range(5):
        gram = states @ states.T
        states = 3.4445 * states - 4.7750 * gram @ states + 2.0315 * gram @ gram @ states
    assert (orthogonalised(matrix) - states).norm() < 1e-3 * states.norm()


def test_the_optimisers_are_not_one_another():
    found = []
    for name, make in OPTIMISERS.items():
        named = weights()
        steps(named, make(named, CONFIG), gradients(5), 0, 5)
        found.append((name, torch.cat([weight.detach().flatten() for _, weight in named])))
    for place, (name, one) in enumerate(found):
        for other_name, other in found[:place]:
            assert not torch.allclose(one, other, rtol=1e-2), (name, other_name)


def test_a_tensor_of_nothing_is_not_scaled_by_lamb():
    weight = nn.Parameter(torch.zeros(2, 2))
    optimiser = OPTIMISERS["lamb"]([("table", weight)], CONFIG)
    weight.grad = torch.full((2, 2), 3.0)
    optimiser.step()
    np.testing.assert_allclose(weight.detach().numpy(), -CONFIG.learning_rate, rtol=1e-3)


def test_stable_adamw_takes_a_short_step_where_the_gradient_outgrew_its_mean_square():
    moved = {}
    for name in ("adamw", "stable-adamw"):
        weight = nn.Parameter(torch.zeros(1))
        optimiser = OPTIMISERS[name]([("table", weight)], dataclasses.replace(CONFIG, beta2=0.999))
        for gradient in [*[0.01] * 20, 100.0]:
            before = weight.item()
            weight.grad = torch.tensor([gradient])
            optimiser.step()
        moved[name] = abs(weight.item() - before)
    assert moved["stable-adamw"] < moved["adamw"] / 3


@pytest.mark.parametrize("name", list(OPTIMISERS))
def test_an_optimiser_goes_on_from_a_checkpoint_to_the_bit(tmp_path, name):
    given = gradients(7)
    whole = weights()
    steps(whole, OPTIMISERS[name](whole, CONFIG), given, 0, 7)

    class Holder(nn.Module):
        def __init__(self, named):
            super().__init__()
            for key, weight in named:
                self.register_parameter(key.replace(".", "_"), weight)

    first = weights()
    optimiser = OPTIMISERS[name](first, CONFIG)
    steps(first, optimiser, given, 0, 4)
    folder = checkpoint.save(tmp_path, 4, Holder(first), optimiser, {}, {})
    second = weights(seed=1)
    resumed = OPTIMISERS[name](second, CONFIG)
    checkpoint.restore(folder, Holder(second), resumed, {})
    steps(second, resumed, given, 4, 7)
    for (key, one), (_, other) in zip(whole, second, strict=True):
        assert torch.equal(one, other), key


def test_with_layer_decay_each_layer_learns_at_a_share_of_the_one_above_it():
    named = weights()
    by_weight = {}
    for group in groups(named, dataclasses.replace(CONFIG, layer_decay=0.5)):
        for weight in group["params"]:
            by_weight[id(weight)] = group["lr_scale"]
    scales = {name: by_weight[id(weight)] for name, weight in named}
    assert scales["heads.mlm.weight"] == 1.0
    assert scales["encoder.layers.1.output.weight"] == scales["encoder.layers.1.norm.weight"] == 0.5
    assert scales["encoder.layers.0.output.weight"] == 0.25
    assert scales["embeddings.table"] == 0.125
    assert len(groups(named, CONFIG)) == 2


def test_a_weight_says_by_its_name_in_which_layer_it_is():
    assert depth_of("encoder.layers.11.qkv.weight") == 11
    assert depth_of("layers.0.norm.bias") == 0
    assert depth_of("embeddings.table") is None


@pytest.mark.parametrize(("name", "value"), [("beta1", 1.0), ("beta2", 1.5), ("momentum", 1.0), ("decay_share", 0.0)])
def test_shares_that_are_none_are_refused(name, value):
    with pytest.raises(UsageError, match=f"{name} is {value}"):
        OptimisationConfig(**{name: value})
