"""The operations that a step is said to take: counted by hand, and by torch as the step is computed."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from zhprep.models.blocks import grouped_attention as grouped
from zhprep.models.config import ModelConfig
from zhprep.models.model import flops_of, seeded_model

WIDTH, VOCABULARY, INNER, LAYERS = 64, 300, 128, 2
CONFIG = ModelConfig(
    vocab_size=VOCABULARY, num_hidden_layers=LAYERS, hidden_size=WIDTH, num_attention_heads=2, intermediate_size=INNER,
    max_position_embeddings=64, inputs=("token", "position"), objectives=("mlm",), bias=False,
)  # fmt: skip


def batch_of(places: torch.Tensor, **others: torch.Tensor) -> dict[str, torch.Tensor]:
    ids = torch.randint(5, VOCABULARY, (2, 64), generator=torch.Generator().manual_seed(1))
    return {"input_ids": ids, "masked_positions": places, "masked_labels": ids.flatten()[places], **others}


def by_hand(sequences: list[int], n_masked: int, window: int = 0) -> float:
    """Six for each product: two operations, forward and twice back. In an odd layer only a window is seen."""
    products = n_masked * (WIDTH * WIDTH + WIDTH * VOCABULARY)
    for length in sequences:
        for layer in range(LAYERS):
            seen = min(length, window) if window and layer % 2 else length
            # Four products of the width squared, and two of the feed-forward block; weights of norms are a 200th.
            products += length * (4 * WIDTH**2 + 2 * seen * WIDTH + WIDTH)
            # The feed-forward block of the last layer is for what is predicted alone.
            products += (length if layer < LAYERS - 1 else 0) * (2 * WIDTH * INNER + WIDTH)
    products += n_masked * (2 * WIDTH * INNER + WIDTH)
    return 6.0 * products


PADDED = torch.arange(64) < torch.tensor([64, 40])[:, None]
BORDERS = torch.tensor([0, 10, 40, 64, 104, 128])  # what is behind 104 is padding


@pytest.mark.parametrize(
    ("others", "sequences"),
    [
        ({}, [64, 64]),
        ({"attention_mask": PADDED}, [64, 40]),
        ({"cu_seqlens": BORDERS, "attention_mask": PADDED}, [10, 30, 24, 40]),
    ],
)
def test_work_is_that_of_real_tokens_in_their_sequences(monkeypatch, others, sequences):
    monkeypatch.setattr(grouped, "GROUP", 1)  # a sequence at a time, without padding inside of attention
    batch, model = batch_of(torch.arange(0, 100, 7), **others), seeded_model(CONFIG, 1).train()
    said = flops_of(model, batch)
    assert said == pytest.approx(by_hand(sequences, 15), rel=1e-9)
    with FlopCounterMode(display=False) as counter:
        model(batch)["mlm"].backward()
    assert said == pytest.approx(counter.get_total_flops(), rel=0.02)
    local = dataclasses.replace(CONFIG, local_attention=16, global_attn_every_n_layers=2)
    assert flops_of(seeded_model(local, 1), batch) == pytest.approx(by_hand(sequences, 15, 16), rel=1e-9)


def test_room_for_the_compiler_is_no_work():
    model, batch = seeded_model(CONFIG, 1), batch_of(torch.arange(0, 100, 7))
    spare = {"masked_positions": torch.zeros(241, dtype=torch.int64), "masked_labels": torch.full((241,), -100)}
    longer = {**batch, **{name: torch.cat([batch[name], more]) for name, more in spare.items()}}
    assert flops_of(model, longer) == flops_of(model, batch)


def test_what_is_not_written_is_no_work():
    """Of an encoder and a decoder, each is counted with its own tokens: padding of targets is none."""
    written = dataclasses.replace(CONFIG, body="encoder-decoder", objectives=("seq2seq",))
    batch, model = batch_of(torch.arange(0)), seeded_model(written, 1)
    labels = torch.randint(5, VOCABULARY, (2, 20), generator=torch.Generator().manual_seed(3))
    padded = torch.nn.functional.pad(labels, (0, 30), value=-100)
    said = flops_of(model, {**batch, "labels": padded})
    assert said == flops_of(model, {**batch, "labels": labels}) > 0


def test_each_granularity_is_counted_with_its_own_tokens(monkeypatch):
    monkeypatch.setattr(grouped, "GROUP", 1)
    settings = {"two-granularities": {"encoder": "shared", "coarse_vocab_size": 500}}
    both = dataclasses.replace(CONFIG, body="two-granularities", objectives=("mlm:fine", "mlm:coarse"), parts=settings)
    coarse = torch.randint(5, 500, (2, 24), generator=torch.Generator().manual_seed(2))
    few = torch.arange(0, 40, 9)
    others = {"coarse_input_ids": coarse, "coarse_masked_positions": few, "coarse_masked_labels": coarse.flatten()[few]}
    batch, model = batch_of(torch.arange(0, 100, 7), **others), seeded_model(both, 1).train()
    with FlopCounterMode(display=False) as counter:
        sum(model(batch).values()).backward()
    assert flops_of(model, batch) == pytest.approx(counter.get_total_flops(), rel=0.02)
