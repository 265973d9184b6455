"""Steps of one recipe, ours or transformers', in a process of its own: prints tokens a second and peak memory.

``python recipe_steps.py zhprep|transformers FOLDER RECIPE`` with the folder of ``zhprep run``. Both see the same
batches of the recipe's data and begin with the weights in ``run``; the peer is the class that ``config.json`` names,
with fused AdamW and clipping; ELECTRA's are its two halves, joined as in its paper. Rows that are packed are given to
the peer as plain rows: without flash-attn it cannot part them.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zhprep.core.config import build
from zhprep.engine.distribution import World
from zhprep.engine.log import real_tokens
from zhprep.models import Model
from zhprep.models.checkpoints.files import load_weights
from zhprep.pretrain.config import PretrainConfig
from zhprep.pretrain.job import Job, set_up
from zhprep.recipes import load_recipe

WARM_UP, TIMED = 2, 8
PEERS: dict[str, set[str]] = {
    "single": {"mlm", "next_sentence", "sentence_order"},
    "causal": {"lm"},
    "encoder-decoder": {"seq2seq"},
    "generator-discriminator": {"mlm", "rtd"},
}
"""What classes of transformers learn, by the body of the model."""


def job_of(folder: Path, recipe: str) -> Job:
    """Return the job of pretraining the recipe at ``tiny``, with the weights of the run."""
    loaded = load_recipe(recipe, size="tiny")
    stated = {key: value for key, value in loaded["pretrain"].items() if key != "phases"}
    few = {"size": "tiny", "steps": WARM_UP + TIMED, "warmup": 1, "threads": 1}
    config = build(PretrainConfig, {**stated, **few}, where="[pretrain]")
    job = set_up([folder / "data"], folder / "timed", loaded["model"], config, None, World())
    load_weights(job.model, folder / "run")
    return job


def ours(job: Job) -> Callable[[int, list[dict[str, Tensor]]], object]:
    """Return our training step."""
    job.model.train()
    return job.trainer.step


def theirs(job: Job, folder: Path) -> Callable[[int, list[dict[str, Tensor]]], object]:
    """Return the training step of the class of transformers that the run names."""
    import transformers

    transformers.logging.set_verbosity_error()
    described = json.loads((folder / "run" / "config.json").read_bytes())
    if described["model_type"] == "electra":
        model: Any = Electra(folder / "run").train()
    else:
        model = getattr(transformers, described["architectures"][0]).from_pretrained(folder / "run").train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)

    def step(_: int, batches: list[dict[str, Tensor]]) -> None:
        optimiser.zero_grad()
        for batch in batches:
            model(**as_theirs(batch, job.model)).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()

    return step


class Electra(torch.nn.Module):
    """The generator and the discriminator of transformers under one table, losses summed as in the paper (§3.2)."""

    def __init__(self, run: Path) -> None:
        super().__init__()
        import transformers

        self.generator = transformers.ElectraForMaskedLM.from_pretrained(run / "generator")
        self.discriminator = transformers.ElectraForPreTraining.from_pretrained(run)
        for name in ("word_embeddings", "position_embeddings", "token_type_embeddings", "LayerNorm"):
            shared = getattr(self.discriminator.electra.embeddings, name)
            setattr(self.generator.electra.embeddings, name, shared)
        self.generator.tie_weights()

    def forward(self, input_ids: Tensor, labels: Tensor, **others: Tensor) -> Any:
        """Return both losses as one, ``loss``; tokens are sampled where there is a label."""
        guessed = self.generator(input_ids, labels=labels, **others)
        masked = labels != -100
        with torch.no_grad():
            shares = guessed.logits[masked].softmax(-1)
            written = input_ids.clone()
            written[masked] = torch.multinomial(shares, 1).squeeze(1)
            replaced = (written != labels) & masked
        told = self.discriminator(written, labels=replaced.long(), **others)
        told.loss = guessed.loss + 50.0 * told.loss
        return told


def as_theirs(batch: Mapping[str, Tensor], model: Model) -> dict[str, Any]:
    """Return the batch as transformers names it, labels ``[B, L]``."""
    found: dict[str, Any] = {"input_ids": batch["input_ids"]}
    if "attention_mask" in batch:
        found["attention_mask"] = batch["attention_mask"].long()
    if "token_type_ids" in batch and "segment" in model.config.inputs:
        found["token_type_ids"] = batch["token_type_ids"]
    if "labels" in batch:
        return {**found, "labels": batch["labels"]}
    if "masked_positions" not in batch:
        return {**found, "labels": batch["input_ids"]}
    labels = torch.full_like(batch["input_ids"], -100)
    labels.view(-1)[batch["masked_positions"]] = batch["masked_labels"]
    found["labels"] = labels
    for name in ("next_sentence_label", "sentence_order_label"):
        if name in batch:
            found[name] = batch[name]
    return found


def main() -> None:
    """Time the steps and print what they took."""
    who, folder, recipe = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    torch.set_num_threads(1)
    job = job_of(folder, recipe)
    step = ours(job) if who == "zhprep" else theirs(job, folder)
    seconds, tokens = [], []
    for number in range(WARM_UP + TIMED):
        batches = job.feed.step(number)
        began = time.process_time()
        step(number, batches)
        seconds.append(time.process_time() - began)
        tokens.append(real_tokens(batches))
    speed = float(np.median(np.array(tokens[WARM_UP:]) / np.array(seconds[WARM_UP:])))
    status = Path("/proc/self/status").read_text("utf-8")  # ru_maxrss begins with what the parent had
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
    print(json.dumps({"tokens_per_second": speed, "peak_mib": peak}))


if __name__ == "__main__":
    main()
