"""Training steps of one model in a process of its own, one for each line on stdin: so that two can go by turns.

``python step_worker.py zhprep|transformers SIZE OBJECTIVE…`` prints for every step the seconds of processor and of
the clock that it took, and the peak memory. Both see the same batch: 32 rows padded to 128, 80 % of the positions
real, 15 % of these masked, dropout 0.1, fp32, AdamW (fused), clipping.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from zhprep.collate import MaskedInput, Ragged, Rows, to_tensors
from zhprep.core.ragged import offsets_of
from zhprep.engine.config import OptimisationConfig
from zhprep.engine.distribution import World
from zhprep.engine.loop import Trainer
from zhprep.models import model_config
from zhprep.models.model import seeded_model

VOCABULARY = 21_128
N_ROWS, LENGTH = 32, 128
Step = Callable[[int], object]


def rows_and_masks() -> tuple[Rows, MaskedInput]:
    """Return 32 rows of 77 to 128 tokens, 80 % of 128 on average, 15 % of the tokens masked."""
    draw = np.random.default_rng(1)
    lengths = np.round(np.linspace(0.6, 1.0, N_ROWS) * LENGTH).astype(np.int64)
    ids = draw.integers(1000, VOCABULARY, lengths.sum())
    positions = np.flatnonzero(draw.random(len(ids)) < 0.15)
    masked = ids.copy()
    masked[positions] = 103
    return Rows({"input_ids": Ragged(ids, offsets_of(lengths))}, {}), MaskedInput(masked, positions, ids[positions])


def the_batch() -> dict[str, torch.Tensor]:
    """Return the batch, as tensors."""
    rows, masked = rows_and_masks()
    return {**to_tensors(masked.of(rows)), "next_sentence_label": torch.arange(N_ROWS) % 2}


def ours(size: str, objectives: list[str]) -> Step:
    """Return our training step."""
    batch = the_batch()
    model = seeded_model(model_config({"objectives": objectives}, size, VOCABULARY), 1)
    trainer = Trainer(model.train(), OptimisationConfig(steps=1000), World())
    return lambda number: trainer.step(number, [batch])


def theirs(size: str, objectives: list[str]) -> Step:
    """Return that of the class of transformers for these objectives."""
    import transformers

    transformers.logging.set_verbosity_error()
    described = model_config({}, size, VOCABULARY)
    config = transformers.BertConfig(
        vocab_size=VOCABULARY, hidden_size=described.hidden_size, num_hidden_layers=described.num_hidden_layers,
        num_attention_heads=described.num_attention_heads, intermediate_size=described.intermediate_size,
        attn_implementation="sdpa",
    )  # fmt: skip
    pairs = "next_sentence" in objectives
    model = (transformers.BertForPreTraining if pairs else transformers.BertForMaskedLM)(config).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    batch = the_batch()
    labels = torch.full_like(batch["input_ids"], -100)
    labels.view(-1)[batch["masked_positions"]] = batch["masked_labels"]
    given = {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"].long(), "labels": labels}
    if pairs:
        given["next_sentence_label"] = batch["next_sentence_label"]

    def step(_: int) -> None:
        optimiser.zero_grad()
        model(**given).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()

    return step


def main() -> None:
    """Take a step for each line and say what it took."""
    torch.set_num_threads(1)
    step = (ours if sys.argv[1] == "zhprep" else theirs)(sys.argv[2], sys.argv[3:])
    for number, _ in enumerate(sys.stdin):
        cpu, clock = time.process_time(), time.monotonic()
        step(number)
        seconds = {"cpu": time.process_time() - cpu, "clock": time.monotonic() - clock}
        status = Path("/proc/self/status").read_text("utf-8")
        print(json.dumps({**seconds, "mib": int(status.split("VmHWM:")[1].split()[0]) / 1024}), flush=True)


if __name__ == "__main__":
    main()
