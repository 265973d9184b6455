"""What is quicker on a CPU gives what torch gives: attention in groups, scores of a table, layers on real tokens."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from zhprep.models import ModelConfig
from zhprep.models.blocks import grouped_attention as grouped
from zhprep.models.blocks.attention import AttentionContext
from zhprep.models.blocks.grouped_attention import grouped_attention, groups_of, real_tokens_of
from zhprep.models.blocks.stacks import make_stack
from zhprep.models.blocks.table_scores import table_prediction
from zhprep.models.dropout import Dropout, kept

HEADS, WIDTH = 2, 4
CONFIG = ModelConfig(hidden_size=32, num_attention_heads=2, intermediate_size=48, num_hidden_layers=2, hidden_dropout=0.0,
                     attention_dropout=0.0)  # fmt: skip
BORDERS = [0, 7, 8, 8, 20, 33, 40]


def plain(qkv: torch.Tensor, borders: list[int], keep: torch.Tensor | None = None) -> torch.Tensor:
    """Return the attention of each sequence by itself, one after the other; ``keep`` are factors on shares."""
    made = []
    for begin, end in itertools.pairwise(borders):
        query, key, value = qkv[begin:end].view(end - begin, 3, HEADS, WIDTH).permute(1, 2, 0, 3)
        shares = (query @ key.transpose(1, 2) * WIDTH**-0.5).softmax(-1)
        shares = shares if keep is None else shares * keep
        made.append((shares @ value).transpose(0, 1).flatten(1))
    return torch.cat(made)


@pytest.mark.parametrize("room", [1, 400, 10**6])
def test_attention_in_groups_is_that_of_each_sequence_by_itself(monkeypatch, room):
    monkeypatch.setattr(grouped, "GROUP", room)
    groups = groups_of(BORDERS, HEADS)
    assert len(groups) == {1: 5, 400: 3, 10**6: 1}[room]
    draw = torch.Generator().manual_seed(1)
    qkv = torch.randn(40, 3 * HEADS * WIDTH, generator=draw, requires_grad=True)
    weights = torch.randn(40, HEADS * WIDTH, generator=draw)
    expected, made = plain(qkv, BORDERS), grouped_attention(qkv, groups, HEADS, scale=None, dropout=0.0)
    torch.testing.assert_close(made, expected, rtol=1e-5, atol=1e-6)
    theirs, ours = (torch.autograd.grad((one * weights).sum(), qkv)[0] for one in (expected, made))
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


def test_attention_with_dropout_has_the_gradient_of_what_was_kept():
    qkv = torch.randn(9, 3 * HEADS * WIDTH, generator=torch.Generator().manual_seed(1), requires_grad=True)
    torch.manual_seed(4)
    made = grouped_attention(qkv, groups_of([0, 9], HEADS), HEADS, scale=None, dropout=0.4)
    torch.manual_seed(4)
    mask, scale = kept(torch.Size((HEADS, 9, 9)), 0.4)
    expected = plain(qkv, [0, 9], mask * scale)
    torch.testing.assert_close(made, expected, rtol=1e-5, atol=1e-6)
    theirs, ours = (torch.autograd.grad(one.square().sum(), qkv)[0] for one in (expected, made))
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("settings", [{}, {"rotary_theta": 1e4, "local_attention": 4}, {"stack": "relative"}])
def test_layers_on_real_tokens_are_those_of_padded_rows(settings):
    """Whatever is at padding: it is neither read nor learnt from, and comes out as zeros."""
    config = dataclasses.replace(CONFIG, **settings)
    torch.manual_seed(1)
    stack, states = make_stack(config), torch.randn(3, 9, 32, requires_grad=True)
    real = torch.arange(9) < torch.tensor([9, 4, 6])[:, None]
    context = AttentionContext.of({"input_ids": torch.zeros(3, 9, dtype=torch.int64), "attention_mask": real}, config)
    assert context.tokens is not None
    made = stack(states, context)[0]
    expected = stack(states, dataclasses.replace(context, tokens=None))[0]
    torch.testing.assert_close(made[real], expected[real], rtol=1e-5, atol=1e-5)
    assert not made[~real].any()
    theirs, ours = (torch.autograd.grad(one[real].square().sum(), states)[0] for one in (expected, made))
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_packed_rows_are_sequences_of_their_own():
    real = torch.arange(8) < torch.tensor([8, 5])[:, None]
    borders = torch.tensor([0, 3, 8, 12, 13, 16])
    found = real_tokens_of(real, real.shape, borders, HEADS)
    assert found.places is not None
    assert found.places.tolist() == [*range(8), *range(8, 13)]
    spans = {(begin, size) for group in found.groups for begin, size in zip(group.begins, group.lengths, strict=True)}
    assert spans == {(0, 3), (3, 5), (8, 4), (12, 1)}


@pytest.mark.parametrize("biased", [True, False])
def test_losses_by_a_table_are_those_of_cross_entropy(biased):
    draw = torch.Generator().manual_seed(1)
    states, table, bias = (torch.randn(*shape, generator=draw) * 5 for shape in ((6, 8), (50, 8), (50,)))
    labels, weights = torch.tensor([3, -100, 49, 0, 0, 7]), torch.tensor([1.0, 2.0, -0.5, 3.0, 0.25, 0.0])
    given = [one.requires_grad_() for one in (states, table, *([bias] if biased else []))]
    made = table_prediction(states, table, bias if biased else None, labels)
    logits = F.linear(states, table, bias if biased else None)
    expected = F.cross_entropy(logits, labels, reduction="none", ignore_index=-100)
    assert type(made.losses.grad_fn).__name__ == "_TableLossBackward"
    torch.testing.assert_close(made.losses, expected, rtol=1e-6, atol=1e-5)
    assert torch.equal(made.logits, logits.detach())
    for ours, theirs in zip(
        *(torch.autograd.grad((one * weights).sum(), given) for one in (made.losses, expected)), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_losses_by_a_table_bear_great_scores_and_no_places():
    table = torch.eye(3).requires_grad_()
    great = table_prediction(torch.tensor([[200.0, -200.0, 0.0]]), table, None, torch.tensor([1]))
    assert great.losses.item() == pytest.approx(400.0)
    none = table_prediction(torch.zeros(0, 3), table, None, torch.zeros(0, dtype=torch.int64))
    none.losses.sum().backward()
    assert none.losses.shape == (0,)
    assert not table.grad.any()


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_dropout_drops_its_share_and_keeps_the_mean(probability):
    torch.manual_seed(1)
    layer = Dropout(probability)
    states = torch.ones(1001, 999, requires_grad=True)
    made = layer(states)
    dropped = made == 0
    assert dropped.float().mean().item() == pytest.approx(probability, abs=0.003)
    assert made[~dropped].unique().item() == pytest.approx(1 / (1 - probability), rel=2e-4)
    assert torch.equal(torch.autograd.grad(made.sum(), states)[0], made)  # of ones: what each was multiplied with
    torch.manual_seed(1)
    assert torch.equal(layer(states), made)
    neighbours = (dropped[:, 1:] & dropped[:, :-1]).float().mean().item()
    assert neighbours == pytest.approx(probability**2, abs=0.003)
    assert torch.equal(layer.eval()(states), states)
    assert isinstance(layer, nn.Dropout)
