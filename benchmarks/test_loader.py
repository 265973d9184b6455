"""The loader alone beside the trainer that it feeds, at ``tiny`` and ``mini`` on a CPU: it must never be what a run
waits for.

The batches of a run of ``bert-wwm`` on all corpora, 128 tokens, whole-word masks drawn as they are made, one thread;
real tokens by the median processor time of a step, by turns.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import pytest
import torch
from distinct_text import corpora
from racing import Race

from zhprep.cli import invoke
from zhprep.core import config as settings
from zhprep.engine.distribution import World
from zhprep.pretrain.config import PretrainConfig
from zhprep.pretrain.job import set_up
from zhprep.recipes import load_recipe

WARM_UP, TIMED = 2, 12


@pytest.mark.parametrize(("size", "batch_size"), [("tiny", 32), ("tiny", 256), ("mini", 32)])
def test_loader(race: Race, size: str, batch_size: int, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    vocabulary, data = tmp_path / "vocab", tmp_path / "data"
    invoke(["build-vocab", *map(str, corpora()), "-o", str(vocabulary), "--quiet"])
    made = ["--recipe", "bert-wwm", "--vocab", str(vocabulary), "--max-length", "128"]
    invoke(["make-instances", *map(str, corpora()), "-o", str(data), *made, "--quiet"])
    recipe = load_recipe("bert-wwm", size=size)
    config = settings.build(PretrainConfig, {"size": size, "steps": 1000, "batch_size": batch_size, "threads": 1})
    job = set_up([data], tmp_path / "run", recipe["model"], config, None, World())
    loads, steps, n_tokens = [], [], 0
    for number in range(WARM_UP + TIMED):
        began = time.process_time()
        batches = job.feed.step(number)
        made_at = time.process_time()
        job.trainer.step(number, batches)
        loads.append(made_at - began)
        steps.append(time.process_time() - made_at)
        n_tokens = sum(int(batch["attention_mask"].sum()) for batch in batches)
    load, step = statistics.median(loads[WARM_UP:]), statistics.median(steps[WARM_UP:])
    what = f"batches of {batch_size} x 128 made, masks and all"
    ratio = race.add(what, f"the trainer's steps on them, {size}", n_tokens / load, n_tokens / step, "tok/s")
    assert ratio > 20
