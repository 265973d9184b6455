"""Every model and format of data that recipes have: what it learns from a batch of its own, however much is computed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from made_pairs import write_pairs
from made_tags import write_tags
from training_data import nano

from zhprep.cli import invoke
from zhprep.cli.inputs import ReadConfig, planned
from zhprep.cli.run import make_run
from zhprep.cli.shared import Shared
from zhprep.engine.distribution import World
from zhprep.instances import InstancesConfig
from zhprep.models.model import Model
from zhprep.pretrain.config import PretrainConfig
from zhprep.pretrain.job import Job, set_up
from zhprep.recipes import load_recipe, recipe_names
from zhprep.run.recipe import make_data

SMALL = """
base = "{name}"
initial = {{}}
[sizes.tiny.vocab]
size = 1500
[sizes.tiny.instances]
max_length = 32
{more}
"""
READ_WHOLE = {
    "ambert-hybrid", "bart", "lm-char", "lm-hybrid", "lm-word", "pert", "simcse", "spanbert", "t5", "t5-v1_1",
}  # fmt: skip
STILL = {"hidden_dropout": 0.0, "attention_dropout": 0.0, "inner_dropout": 0.0, "sizes": nano()["sizes"]}


def recipes_that_differ() -> list[str]:
    """Return a recipe for each model, of any size, and each format of its data."""
    found: dict[str, str] = {}
    for name in recipe_names():
        recipe = load_recipe(name)
        model = {name: value for name, value in recipe["model"].items() if name != "sizes"}
        found.setdefault(json.dumps([model, recipe["instances"].get("format")], sort_keys=True), name)
    return list(found.values())


def job_of(name: str, sample_data: Path, tmp_path: Path) -> Job:
    """Return the job of a small model of the recipe, on data that are made as the recipe says."""
    groups = "[model.contrast]\ngroup = 4" if "contrast" in load_recipe(name)["model"]["objectives"] else ""
    (tmp_path / "small.toml").write_text(SMALL.format(name=name, more=groups), "utf-8")
    corpus, tags = sample_data / "corpus" / "news.txt", None
    recipe = load_recipe(str(tmp_path / "small.toml"), size="tiny")
    if recipe["instances"].get("format") == "tlm":
        corpus = write_pairs(tmp_path / "pairs.tsv")
    if "pos_tags" in recipe["model"]["objectives"]:
        invoke(["normalize", str(corpus), "-o", str(tmp_path / "text.arrow"), "--quiet"])
        corpus, tags = tmp_path / "text.arrow", str(write_tags(tmp_path / "text.arrow", tmp_path / "tags.jsonl"))
    run = make_run(str(tmp_path / "small.toml"), tmp_path / "work", Shared(), size="tiny", tags=tags)
    languages = run.config(InstancesConfig, "instances").languages
    with planned((str(corpus),), ReadConfig(columns=",".join(languages)), run.folder, Shared()) as text:
        make_data(run, text)
    config = PretrainConfig(size="nano", steps=4, batch_size=8, warmup=1, threads=1)
    return set_up([run.folder / "data"], tmp_path / "run", recipe["model"] | STILL, config, None, World())


def learnt(model: Model, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return what the model predicts where there is something to predict, and the gradient of each weight."""
    model.zero_grad()
    made = model.predictions(batch)
    sum(one.loss_sum for one in made.values()).backward()
    logits = {name: one.logits[one.real] for name, one in made.items()}
    return logits | {name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None}


@pytest.mark.slow
@pytest.mark.parametrize("name", recipes_that_differ())
def test_what_is_not_read_changes_nothing(name, sample_data, tmp_path, monkeypatch):
    job = job_of(name, sample_data, tmp_path)
    batch = job.stages[-1].batches.make(np.arange(8), np.zeros(8, np.int64))
    assert ("cu_seqlens" in batch) == (load_recipe(name)["instances"].get("format") == "packed")
    model = job.model.train()
    some = learnt(model, batch)
    assert some.keys() >= model.objectives.keys()
    assert bool(model.read_at(batch)) == (name not in READ_WHOLE)
    monkeypatch.setattr(Model, "read_at", lambda *_: {})
    torch.testing.assert_close(some, learnt(model, batch), rtol=1e-4, atol=1e-5)
