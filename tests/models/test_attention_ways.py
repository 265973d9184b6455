"""Each way to compute attention gives what a softmax over every sequence by itself gives, and its gradient.

What is of a GPU alone skips without one. FlexAttention has no backward pass on a CPU that can be asked for: its gradient
is that of the operator below it, under our blocks.
"""

from __future__ import annotations

import dataclasses
import shutil

import pytest
import torch
from torch.nn.attention.flex_attention import create_mask, flex_attention

from zhprep.core.errors import UsageError
from zhprep.engine.config import OptimisationConfig
from zhprep.engine.distribution import World
from zhprep.engine.loop import Trainer
from zhprep.models.blocks.attentions import ATTENTIONS, attending, flex
from zhprep.models.blocks.attentions.attending import AttentionCall, Seen, Setting
from zhprep.models.blocks.attentions.flex import BLOCK, BlockAttention, blocks_of
from zhprep.models.blocks.attentions.varlen import VariableLengthAttention
from zhprep.models.blocks.layer import LayerStack
from zhprep.models.config import ModelConfig
from zhprep.models.model import Model, seeded_model

CPU, GPU = torch.device("cpu"), torch.device("cuda")
needs_gpu = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")]
devices = pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=needs_gpu)])
pytestmark = [
    pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile"),
    pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors is in prototype"),
]
SMALL = ModelConfig(
    vocab_size=50, num_hidden_layers=2, hidden_size=32, num_attention_heads=2, intermediate_size=64, hidden_dropout=0.0,
    max_position_embeddings=24, inputs=("token", "position"), objectives=("mlm",), attention_dropout=0.0,
)  # fmt: skip
LENGTH = 150


def packed(device: str = "cpu", *, causal: bool = False, length: int = LENGTH) -> Seen:
    """Two rows: sequences of 3, 100 and the rest, and of 40 with padding behind."""
    borders = torch.tensor([0, 3, 103, length, length + 40, 2 * length], device=device)
    real = torch.arange(2 * length, device=device).view(2, length) < length + 40
    return Seen((2, length), torch.device(device), real, borders, causal)


def in_sequences(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, seen: Seen, window: int) -> torch.Tensor:
    """Softmax and mean, a sequence at a time, of ``[B, H, L, d]``."""
    flat = [one.transpose(1, 2).flatten(0, 1) for one in (query, key, value)]
    made = []
    for begin, end in zip(seen.borders[:-1].tolist(), seen.borders[1:].tolist(), strict=True):
        q, k, v = (one[begin:end].transpose(0, 1) for one in flat)
        behind = torch.arange(end - begin)[:, None] - torch.arange(end - begin)
        hidden = (behind < 0) & seen.causal | ((behind.abs() > window // 2) if window else False)
        scores = (q @ k.transpose(1, 2) * q.shape[-1] ** -0.5).masked_fill(hidden.to(q.device), -torch.inf)
        made.append((scores.softmax(-1) @ v).transpose(0, 1))
    return torch.cat(made).view(query.shape[0], query.shape[2], *query.shape[1::2]).transpose(1, 2)


def with_gradient(query, key, value, *, block_mask, scale):
    """FlexAttention's operator without its compiler, which on a CPU has a gradient."""
    from torch._higher_order_ops.flex_attention import flex_attention as operator

    options = {"BACKEND": "AUTO", "PRESCALE_QK": False, "OUTPUT_LOGSUMEXP": True, "OUTPUT_MAX": False}
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    return operator(query, key, value, lambda score, *_: score, block_mask.as_tuple(), scale, options)[0]


@devices
@pytest.mark.parametrize("window", [0, 8])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("name", list(ATTENTIONS))
def test_a_way_is_attention_of_each_sequence_by_itself(monkeypatch, name, causal, window, device):
    if lack := ATTENTIONS[name].lacks(
        dataclasses.replace(SMALL, local_attention=window), Setting(torch.device(device), False)
    ):
        assert (name, lack) == ("varlen", "windows of local attention")
        return
    seen, draw = packed(device, causal=causal), torch.Generator().manual_seed(1)
    given = [torch.randn(2, 2, LENGTH, 16, generator=draw).to(device).requires_grad_() for _ in range(3)]
    weights = torch.randn(2, 2, LENGTH, 16, generator=draw).to(device) * seen.real[:, None, :, None]
    expected = in_sequences(*given, seen, window)
    with torch.no_grad():
        untaught = ATTENTIONS[name](seen).attend(*(one.detach() for one in given), AttentionCall(window))
    if device == "cpu":
        monkeypatch.setattr(flex, "flex_attention", with_gradient)
    made = ATTENTIONS[name](seen).attend(*given, AttentionCall(window))
    for one in (made, untaught):
        torch.testing.assert_close(one * weights, expected * weights, rtol=1e-4, atol=1e-5)
    ours, theirs = (torch.autograd.grad((one * weights).sum(), given) for one in (made, expected))
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("length", [90, 384, 700])
@pytest.mark.parametrize("window", [0, 6, 128, 600])
@pytest.mark.parametrize("causal", [False, True])
def test_blocks_are_where_something_is_seen(causal, window, length):
    """Whatever is seen lies in a block that is listed, what is in a whole one is all seen, and with one sequence or a
    narrow window blocks are left out."""
    draw = torch.Generator().manual_seed(length)
    inner = torch.randint(1, 2 * length, (5,), generator=draw)
    borders = torch.cat([torch.tensor([0, length, 2 * length]), inner]).unique()
    seen = Seen((2, length), CPU, None, borders, causal)
    found = blocks_of(seen, window)
    visible = create_mask(found.mask_mod, 2, 1, length, length, "cpu")[:, 0]
    assert torch.equal(visible, seen.mask(window)[:, 0].expand_as(visible))
    n_blocks = -(-length // BLOCK)
    listed = {whole: torch.zeros(2, n_blocks, n_blocks, dtype=torch.bool) for whole in (False, True)}
    for whole, counts, order in (
        (False, found.kv_num_blocks, found.kv_indices), (True, found.full_kv_num_blocks, found.full_kv_indices),
    ):  # fmt: skip
        for row, block in torch.cartesian_prod(torch.arange(2), torch.arange(n_blocks)).tolist():
            listed[whole][row, block, order[row, 0, block, : counts[row, 0, block]].long()] = True
    spare = n_blocks * BLOCK - length
    tiles = torch.nn.functional.pad(visible, (0, spare, 0, spare)).view(2, n_blocks, BLOCK, n_blocks, BLOCK)
    some, every = tiles.any(4).any(2), tiles.all(4).all(2)
    assert not (some & ~(listed[False] | listed[True])).any()
    assert not (listed[True] & ~every).any()
    assert not (listed[False] & listed[True]).any()
    if not window and not causal:
        assert torch.equal(listed[False] | listed[True], some)
        assert torch.equal(listed[True], every)


def test_no_mask_of_pairs_is_made_for_packed_rows_on_a_gpu():
    """What is chosen there, with nothing computed: the device is a name here."""
    seen = Seen((2, 8), GPU, None, torch.tensor([0, 3, 8, 16]), False)
    windows = dataclasses.replace(SMALL, local_attention=4, hidden_size=64)
    dropping = {"attention_dropout": 0.1}

    def way(seen, config):
        return type(attending("auto", seen, config, training=True))

    assert way(seen, dataclasses.replace(SMALL, **dropping)) is VariableLengthAttention
    assert way(seen, windows) is BlockAttention
    assert way(dataclasses.replace(seen, borders=None, causal=True), SMALL) is VariableLengthAttention
    assert way(seen, dataclasses.replace(windows, **dropping)) is ATTENTIONS["masks"]
    assert way(dataclasses.replace(seen, borders=None), SMALL) is ATTENTIONS["masks"]
    assert way(dataclasses.replace(seen, device=CPU), SMALL) is ATTENTIONS["masks"]


def test_dropout_of_sequences_keeps_the_mean():
    torch.manual_seed(1)
    ones, seen = torch.ones(2, 2, LENGTH, 16), packed()
    made = VariableLengthAttention(seen).attend(torch.randn(2, 2, LENGTH, 16), ones, ones, AttentionCall(dropout=0.5))
    assert made.std() > 0.01
    assert made.mean().item() == pytest.approx(1.0, abs=0.05)


def batch_of(length: int = 24) -> dict[str, torch.Tensor]:
    ids = torch.randint(5, 50, (2, length), generator=torch.Generator().manual_seed(1))
    places = torch.arange(0, 2 * length - 4, 3)
    return {
        "input_ids": ids, "cu_seqlens": torch.tensor([0, 7, length, length + 9, 2 * length - 4, 2 * length]),
        "attention_mask": torch.arange(2 * length).view(2, length) < 2 * length - 4,
        "masked_positions": places, "masked_labels": ids.flatten()[places],
    }  # fmt: skip


def trained(model: Model, device: torch.device, n_steps: int = 1, **settings: object) -> list[float]:
    """Return the losses of steps on one batch."""
    config = OptimisationConfig(steps=100, warmup=1, learning_rate=1e-2, **settings)
    trainer = Trainer(model.train(), config, World(device=device))
    return [trainer.step(number, [batch_of()]).losses["mlm"].item() for number in range(n_steps)]


@pytest.mark.parametrize("device", [CPU, pytest.param(GPU, marks=needs_gpu)])
@pytest.mark.parametrize("name", list(ATTENTIONS))
def test_a_step_learns_the_same_by_each_way(name, device):
    if ATTENTIONS[name].lacks(SMALL, Setting(device)):
        with pytest.raises(UsageError, match="on a CPU"):
            trained(seeded_model(SMALL, 1), device, attention=name)
        return
    plain, other = seeded_model(SMALL, 1), seeded_model(SMALL, 1)
    assert trained(plain, CPU, dtype="fp32") == pytest.approx(
        trained(other, device, attention=name, dtype="fp32"), rel=1e-4
    )
    assert {module.attention for module in other.modules() if isinstance(module, LayerStack)} == {name}
    for (where, one), two in zip(plain.named_parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(
            two.grad.cpu(), one.grad, rtol=1e-3, atol=1e-5, msg=lambda said, where=where: f"{where}: {said}"
        )


@pytest.mark.parametrize(
    ("settings", "asked", "told"),
    [
        ({"local_attention": 4}, {"attention": "varlen"}, "no windows"),
        ({}, {"attention": "varlen", "compile": True}, "no place in a compiled model"),
    ],
)
def test_a_way_that_lacks_something_is_refused(settings, asked, told):
    with pytest.raises(UsageError, match=told):
        trained(seeded_model(dataclasses.replace(SMALL, **settings), 1), CPU, **asked)
    dropping = dataclasses.replace(SMALL, attention_dropout=0.1)
    assert BlockAttention.lacks(dropping, Setting(GPU)) == "dropout of attention"
    assert not BlockAttention.lacks(dropping, Setting(GPU, training=False))
    assert "narrower" in BlockAttention.lacks(dataclasses.replace(SMALL, num_attention_heads=4), Setting(GPU))


@pytest.mark.parametrize("device", [CPU, pytest.param(GPU, marks=needs_gpu)])
@pytest.mark.parametrize("name", ["auto", "varlen"])
def test_bf16_learns(name, device):
    losses = trained(seeded_model(SMALL, 1), device, n_steps=15, dtype="bf16", attention=name)
    assert losses[0] == pytest.approx(3.9, abs=0.2)
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.nightly  # the compiler takes a quarter of a minute
@pytest.mark.skipif(shutil.which("g++") is None and shutil.which("clang++") is None, reason="needs a C++ compiler")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("window", [0, 8])
def test_compiled_blocks_are_attention_of_each_sequence_by_itself(window):
    """The compiled kernel reads the blocks; without a compiler all scores are computed."""
    seen, draw = packed(length=300), torch.Generator().manual_seed(1)
    given = [torch.randn(2, 2, 300, 16, generator=draw) for _ in range(3)]
    with torch.no_grad():
        made = torch.compile(flex_attention)(*given, block_mask=blocks_of(seen, window))
    real = seen.real[:, None, :, None]
    torch.testing.assert_close(made * real, in_sequences(*given, seen, window) * real, rtol=1e-4, atol=1e-5)
