"""How tokens are scored, beside plain numpy: all of them, classes of rarer ones, some that are drawn."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch

from zhprep.core import rng
from zhprep.core.errors import UsageError
from zhprep.models import ModelConfig, model_config
from zhprep.models.blocks.output import Asked
from zhprep.models.blocks.outputs import make_output
from zhprep.models.blocks.outputs.table import sampled, share
from zhprep.models.checkpoints import format_of
from zhprep.models.model import Model, seeded_model

V, E = 60, 8
CONFIG = ModelConfig(
    vocab_size=V, num_hidden_layers=1, hidden_size=E, num_attention_heads=2, intermediate_size=16,
    max_position_embeddings=12, objectives=("mlm",), hidden_dropout=0.0, attention_dropout=0.0,
)  # fmt: skip
ADAPTIVE = dataclasses.replace(
    CONFIG, output="adaptive", parts={"adaptive": {"cutoffs": (10, 30), "div_value": 2.0}}
)  # fmt: skip


def asked(labels: list[int], rows: list[int], keys: tuple[int, ...] = (5, 6, 7)) -> Asked:
    draw = torch.Generator().manual_seed(2)
    states, table = torch.randn(len(labels), E, generator=draw), torch.randn(V, E, generator=draw)
    return Asked(states, table, torch.tensor(labels), torch.tensor(rows), torch.tensor(keys))


def plain_losses(logits: np.ndarray, labels: list[int]) -> np.ndarray:
    return np.array(
        [
            0.0 if label < 0 else np.log(np.exp(row).sum()) - row[label]
            for row, label in zip(logits, labels, strict=True)
        ]
    )


LABELS, ROWS = [3, 0, 59, 12, -100], [0, 0, 1, 2, 0]


@pytest.mark.parametrize("n", [1, 7, 40])
def test_sampled_losses_are_those_of_plain_numpy(n: int) -> None:
    output = make_output(dataclasses.replace(CONFIG, sampled_tokens=n)).train()
    given, bias = asked(LABELS, ROWS), torch.linspace(-1, 1, V)
    made = output.predict(given, torch.nn.Parameter(bias))
    states, table, offset = given.states.numpy(), given.token_table.numpy(), bias.numpy()
    keys = rng.bits(np.array([5, 6, 7], np.uint64), 0x73616D706C65)
    for number, (label, row) in enumerate(zip(LABELS, ROWS, strict=True)):
        if label < 0:
            assert made.losses[number] == 0.0
            continue
        uniform = ((rng.bits(keys[row], np.arange(n)) >> np.uint64(41)).astype(np.float64) + 0.5) * 2.0**-23
        ids = np.floor(np.exp(uniform * math.log(V + 1))).astype(int) - 1
        right = states[number] @ table[label] + offset[label]
        sums = np.exp(right)
        for id_ in ids:
            if id_ != label:
                chance = math.log((id_ + 2) / (id_ + 1)) / math.log(V + 1)
                sums += np.exp(states[number] @ table[id_] + offset[id_]) / (n * chance)
        np.testing.assert_allclose(made.losses[number].item(), np.log(sums) - right, rtol=1e-5, atol=1e-5)
    assert made.logits.shape == (5, 1 + n)


def test_the_more_are_drawn_the_nearer_is_the_loss_to_that_of_all() -> None:
    given, bias = asked(LABELS, ROWS), torch.zeros(V)
    exact = plain_losses((given.states @ given.token_table.T).numpy(), LABELS)
    drawn = sampled(torch.arange(2000), 50, V)
    counts = np.bincount(drawn.flatten().numpy(), minlength=V) / drawn.numel()
    np.testing.assert_allclose(counts, share(torch.arange(V), V).numpy(), atol=0.003)
    assert share(torch.arange(V), V).sum().item() == pytest.approx(1, abs=1e-5)
    estimates = []
    for key in range(400):  # many rows stand for one with as many draws
        output = make_output(dataclasses.replace(CONFIG, sampled_tokens=V)).train()
        one = dataclasses.replace(given, keys=torch.tensor([key, 1000 + key, 2000 + key]))
        losses = output.predict(one, torch.nn.Parameter(bias)).losses.detach().numpy()
        estimates.append(np.exp(losses))  # the sum over the tokens, beside the right one's share, has no bias
    error = np.array(estimates).std(0) / math.sqrt(400)
    assert (np.abs(np.mean(estimates, 0) - np.exp(exact)) < 4 * error + 1e-6).all()


def test_what_is_drawn_does_not_depend_on_how_the_batch_is_cut() -> None:
    output = make_output(dataclasses.replace(CONFIG, sampled_tokens=9)).train()
    whole, bias = asked(LABELS, ROWS), torch.nn.Parameter(torch.zeros(V))
    losses = output.predict(whole, bias).losses
    for row in range(3):
        mine = torch.tensor([number for number, one in enumerate(ROWS) if one == row])
        part = Asked(
            whole.states[mine], whole.token_table, whole.labels[mine], torch.zeros(len(mine), dtype=torch.int64),
            whole.keys[row : row + 1],
        )  # fmt: skip
        torch.testing.assert_close(output.predict(part, bias).losses, losses[mine])


@pytest.mark.parametrize("config", [dataclasses.replace(CONFIG, sampled_tokens=4), CONFIG, ADAPTIVE])
def test_held_out_figures_are_those_of_all_tokens(config: ModelConfig) -> None:
    torch.manual_seed(0)
    output, given = make_output(config).eval(), asked(LABELS, ROWS)
    bias = output.make_bias()
    logits = output.scores(given.states, given.token_table, bias)
    assert logits.shape == (5, V)
    made = output.predict(given, bias)
    np.testing.assert_allclose(
        made.losses.detach().numpy(), plain_losses(logits.detach().numpy(), LABELS), rtol=1e-5, atol=1e-5
    )
    assert made.guesses.tolist() == logits.argmax(-1).tolist()


def test_classes_of_rarer_tokens_are_those_of_plain_numpy() -> None:
    torch.manual_seed(0)
    output, given = make_output(ADAPTIVE), asked([*range(V), -100], [*[0] * V, 0])
    states = given.states.detach().numpy()
    head = states @ output.softmax.head.weight.detach().numpy().T + output.softmax.head.bias.detach().numpy()
    head -= np.log(np.exp(head).sum(1, keepdims=True))
    wanted = np.zeros(V + 1)
    for label in range(V):
        if label < 10:
            wanted[label] = -head[label, label]
            continue
        which = 0 if label < 30 else 1
        narrow, wide = (layer.weight.detach().numpy() for layer in output.softmax.tail[which])
        assert narrow.shape == (E // 2 ** (which + 1), E)
        scores = wide @ (narrow @ states[label])
        scores -= np.log(np.exp(scores).sum())
        wanted[label] = -(head[label, 10 + which] + scores[label - (10, 30)[which]])
    for training in (True, False):
        made = output.train(training).predict(given, None)
        np.testing.assert_allclose(made.losses.detach().numpy(), wanted, rtol=1e-5, atol=1e-5)
    shares = output.scores(given.states, given.token_table, None).exp().sum(-1)
    torch.testing.assert_close(shares, torch.ones(V + 1))


def test_every_weight_of_the_classes_has_a_gradient_where_none_of_their_tokens_is_met() -> None:
    """Processes that share a step wait for each other's gradients."""
    output = make_output(ADAPTIVE).train()
    output.predict(asked([3, 4], [0, 1]), None).losses.sum().backward()
    assert all(weight.grad is not None for weight in output.parameters())
    assert not any(weight.grad.any() for weight in output.softmax.tail.parameters())


@pytest.mark.parametrize("settings", [{"sampled_tokens": 8}, {"output": "adaptive", "parts": ADAPTIVE.parts}])
@pytest.mark.parametrize("body", ["single", "causal"])
def test_a_model_learns_a_batch_by_heart(body: str, settings: dict[str, object]) -> None:
    objective = {"single": "mlm", "causal": "lm"}[body]
    model = seeded_model(dataclasses.replace(CONFIG, body=body, objectives=(objective,), **settings), 3)
    ids = torch.tensor([[2, 7, 31, 45, 3], [2, 59, 11, 3, 0]])
    batch = {
        "input_ids": ids, "attention_mask": ids > 0, "masked_positions": torch.tensor([1, 3, 6]),
        "masked_labels": torch.tensor([8, 51, 13]), "keys": torch.tensor([1, 2]),
        "next_tokens": torch.tensor([[7, 31, 45, 3, -100], [59, 11, 3, -100, -100]]),
    }  # fmt: skip
    assert ("keys" in model.columns) == ("sampled_tokens" in settings)
    optimiser, losses = torch.optim.Adam(model.parameters(), 0.02), []
    for step in range(100):
        loss = model.train()({**batch, "keys": batch["keys"] + step})[objective]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(model.eval()(batch)[objective].item())
    assert losses[-1] < 0.25 * losses[0]


def test_a_model_of_sampled_tokens_is_saved_as_any_other_and_one_of_classes_as_our_own() -> None:
    assert format_of(dataclasses.replace(CONFIG, sampled_tokens=5)).model_type == "bert"
    assert format_of(dataclasses.replace(ADAPTIVE, parts={})).model_type == "zhprep"


TINY = {"objectives": ["mlm"], "sizes": {"nano": {"num_hidden_layers": 1, "hidden_size": 8, "num_attention_heads": 2}}}


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"output": "adaptiv"}, "unknown output 'adaptiv'"),
        ({"output": "adaptive", "sampled_tokens": 5}, "sampled_tokens is of the output table"),
        ({"objectives": ["lm"]}, "predicts what comes next, which each place of the stream 'main' sees"),
        ({"adaptive": {"cutoffs": [5]}}, r"\[model.adaptive\] is of no part"),
        ({"output": "adaptive", "adaptive": {"cutoffs": [20, 5]}}, "do not rise"),
        ({"output": "adaptive", "adaptive": {"cutoffs": [500]}}, "below the 100 tokens"),
        ({"output": "adaptive", "adaptive": {"cutoffs": [5, 9], "div_value": 4}}, "is empty"),
        ({"body": "generator-discriminator", "sampled_tokens": 5}, "sampled from the scores of all"),
        ({"body": "generator-discriminator", "output": "adaptive"}, "sampled from the scores of all"),
    ],
)
def test_what_does_not_go_together_is_told(section: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Model(model_config({**TINY, **section}, "nano", 100))


@pytest.mark.parametrize("config", [CONFIG, dataclasses.replace(CONFIG, sampled_tokens=9), ADAPTIVE])
def test_losses_in_bf16_are_near_those_in_fp32(config: ModelConfig) -> None:
    torch.manual_seed(0)
    output, given = make_output(config).train(), asked(LABELS, ROWS)
    bias = output.make_bias()
    exact = output.predict(given, bias).losses
    with torch.autocast("cpu", torch.bfloat16):
        made = output.predict(given, bias).losses
    assert made.dtype == torch.float32
    torch.testing.assert_close(made, exact, rtol=0.05, atol=0.05)
