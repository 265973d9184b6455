"""Training steps on a CPU, ours beside transformers' ``BertForMaskedLM``: the same model, batch and optimiser.

Batches of 32 rows padded to 128, 80 % of the positions real, 15 % of these masked, dropout 0.1, fp32. Figures are real
tokens per second of processor time, the median of the timed steps; one thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
import torch
from racing import Race

from zhprep.collate import MaskedInput, Ragged, Rows, to_tensors
from zhprep.core.ragged import offsets_of
from zhprep.engine.config import OptimisationConfig
from zhprep.engine.distribution import World
from zhprep.engine.loop import Trainer
from zhprep.models import model_config
from zhprep.models.model import seeded_model

transformers = pytest.importorskip("transformers")

VOCABULARY = 21_128
N_ROWS, LENGTH = 32, 128
WARM_UP, TIMED = 2, 8


def rows_and_masks() -> tuple[Rows, MaskedInput]:
    """Return 32 rows of 77 to 128 tokens, 80 % of 128 on average, 15 % of the tokens masked."""
    draw = np.random.default_rng(1)
    lengths = np.round(np.linspace(0.6, 1.0, N_ROWS) * LENGTH).astype(np.int64)
    ids = draw.integers(1000, VOCABULARY, lengths.sum())
    positions = np.flatnonzero(draw.random(len(ids)) < 0.15)
    masked = ids.copy()
    masked[positions] = 103
    return Rows({"input_ids": Ragged(ids, offsets_of(lengths))}, {}), MaskedInput(masked, positions, ids[positions])


def tokens_per_second(step: Callable[[int], object], n_tokens: int) -> float:
    """Return tokens per second of processor time, by the median of the steps."""
    seconds = []
    for number in range(WARM_UP + TIMED):
        began = time.process_time()
        step(number)
        seconds.append(time.process_time() - began)
    return float(n_tokens / np.median(seconds[WARM_UP:]))


def ours(size: str, batch: dict[str, torch.Tensor]) -> Callable[[int], object]:
    model = seeded_model(model_config({"objectives": ["mlm"]}, size, VOCABULARY), 1)
    trainer = Trainer(model.train(), OptimisationConfig(steps=1000), World())
    return lambda number: trainer.step(number, [batch])


def theirs(size: str, batch: dict[str, torch.Tensor]) -> Callable[[int], object]:
    described = model_config({}, size, VOCABULARY)
    config = transformers.BertConfig(
        vocab_size=VOCABULARY, hidden_size=described.hidden_size, num_hidden_layers=described.num_hidden_layers,
        num_attention_heads=described.num_attention_heads, intermediate_size=described.intermediate_size,
    )  # fmt: skip
    model = transformers.BertForMaskedLM(config).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    labels = torch.full_like(batch["input_ids"], -100)
    labels.view(-1)[batch["masked_positions"]] = batch["masked_labels"]
    attention = batch["attention_mask"].long()

    def step(_: int) -> None:
        loss = model(input_ids=batch["input_ids"], attention_mask=attention, labels=labels).loss
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()

    return step


@pytest.mark.parametrize(("size", "least"), [("tiny", 3.5), ("small", 1.3)])
def test_training_step(race: Race, size: str, least: float) -> None:
    torch.set_num_threads(1)
    rows, masked = rows_and_masks()
    batch = to_tensors(masked.of(rows))
    n_tokens = int(rows.lengths.sum())
    mine = tokens_per_second(ours(size, batch), n_tokens)
    other = tokens_per_second(theirs(size, batch), n_tokens)
    assert race.add(f"pretrain step, {size}, CPU", "transformers BertForMaskedLM", mine, other, "tok/s") > least
