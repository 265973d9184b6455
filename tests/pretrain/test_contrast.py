"""Training on groups of rows: the same for any cut, gone on with to the bit, refused where a group would be cut."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import safetensors.torch
import torch
from training_data import nano

from zhprep.collate import Instances
from zhprep.core.errors import Stopped, UsageError
from zhprep.engine.distribution import World
from zhprep.models.model import seeded_model
from zhprep.pretrain.job import open_instances, set_up
from zhprep.pretrain.run import pretrain
from zhprep.vocab import load

INFOWORD = nano(
    objectives=["mlm", "contrast"], body="compared", inputs=["token", "position"],
    compared={"readings": ["ngram", "context"]}, contrast={"group": 4},
)  # fmt: skip
SIMCSE = INFOWORD | {
    "objectives": ["contrast"],
    "compared": {"readings": ["whole", "whole"]},
    "contrast": {"group": 4, "similarity": "cosine", "temperature": 0.05, "pooled": True},
}
STILL = {"hidden_dropout": 0.0, "attention_dropout": 0.0}
BOTH = pytest.mark.parametrize("recipe", [INFOWORD, SIMCSE], ids=["infoword", "simcse"])


@pytest.fixture
def job(data, vocabulary, config, tmp_path):
    def make(recipe, world=None, **changes):
        changed = dataclasses.replace(config, **changes)
        return set_up([data], tmp_path, recipe, changed, vocabulary, world or World())

    return make


@BOTH
def test_a_step_in_parts_has_the_gradient_of_the_whole(job, recipe):
    gradients = []
    for parts in (1, 2):
        made = job(recipe | STILL, accumulate=parts, clip=0.0)
        made.model.train()
        made.trainer.step(0, made.feed.step(0))
        gradients.append({name: weight.grad.clone() for name, weight in made.model.named_parameters()})
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient, rtol=1e-4, atol=1e-6)


@BOTH
def test_processes_together_have_the_losses_and_counts_of_one(job, recipe):
    alone = job(recipe | STILL, accumulate=1)
    model = alone.model.eval()
    whole = alone.feed.step(3)[0]
    feeds = [dataclasses.replace(alone.feed, world=World(rank, 2)) for rank in range(2)]
    shares = [feed.step(3)[0] for feed in feeds]
    for name, loss in model(whole).items():
        assert sum(model(share)[name].item() for share in shares) == pytest.approx(loss.item(), rel=1e-5)
        assert sum(model.counts(share)[name] for share in shares) == model.counts(whole)[name]


@pytest.mark.parametrize(
    ("changes", "size", "parts"),
    [
        ({"accumulate": 3}, 1, "2, 3"),
        ({"accumulate": 1}, 4, "2"),
        ({"accumulate": 2}, 2, "2"),
        ({"batch_size": 6}, 1, "3"),
    ],
)
def test_a_cut_inside_a_group_is_told_before_the_first_step(job, changes, size, parts):
    told = f"4 rows are told apart from one another, and a step of {changes.get('batch_size', 8)} comes in parts of {parts}"
    with pytest.raises(UsageError, match=told) as error:
        job(INFOWORD, World(0, size), **changes)
    assert "[model.contrast]" in error.value.hint


@BOTH
def test_stopping_and_going_on_gives_the_weights_of_not_stopping(data, vocabulary, config, tmp_path, recipe):
    """With dropout, which is all that tells the two views of SimCSE apart."""
    pretrain(data, tmp_path / "whole", recipe, config, vocabulary=vocabulary)
    stopped = dataclasses.replace(config, stop_after=5)
    with pytest.raises(Stopped):
        pretrain(data, tmp_path / "stopped", recipe, stopped, vocabulary=vocabulary)
    pretrain(data, tmp_path / "stopped", recipe, config, vocabulary=vocabulary)
    whole, gone_on = (safetensors.torch.load_file(tmp_path / run / "model.safetensors") for run in ("whole", "stopped"))
    assert all(torch.equal(gone_on[name], weight) for name, weight in whole.items())


@BOTH
def test_a_batch_is_learnt_by_heart(job, recipe):
    made = job(recipe | STILL, accumulate=1, learning_rate=1e-2, schedule="constant", steps=40, warmup=0.0)
    batch = made.feed.step(0)
    made.model.train()
    losses = [float(made.trainer.step(number, batch).losses["contrast"]) for number in range(40)]
    assert losses[-1] < 0.1 < losses[0]


def test_what_a_reading_hides_is_in_no_other_input(data, vocabulary, config):
    """Other tokens where the n-gram is, and the text without it is the same; masks and labels of mlm do not move."""
    words = load(vocabulary)
    model = seeded_model(set_up([data], data, INFOWORD, config, vocabulary, World()).model.config, 0)
    instances, view = open_instances(data, model, words)
    rows, epochs = instances.gather(np.arange(20)), np.full(20, 3)
    made = view(rows, epochs)
    hidden = made.lists["context_input_ids"].values != rows.tokens.values
    assert 20 < hidden.sum() < hidden.size / 2
    changed = rows.tokens.values.copy()
    changed[hidden] = (changed[hidden] - 5 + 1) % (words.size - 5) + 5
    others = view(
        rows.having(dataclasses.replace(rows, lists={"input_ids": rows.tokens._replace(values=changed)})), epochs
    )
    assert np.array_equal(others.lists["context_input_ids"].values, made.lists["context_input_ids"].values)
    assert not np.array_equal(others.lists["ngram_input_ids"].values, made.lists["ngram_input_ids"].values)
    assert np.array_equal(others.plain["masked_positions"], made.plain["masked_positions"])


def test_who_asks_for_nothing_hidden_reads_the_text_whole(data, vocabulary, job):
    made = job(SIMCSE, accumulate=1)
    batch = made.feed.step(0)[0]
    assert torch.equal(batch["input_ids"], batch["whole_input_ids"])
    assert not (batch["input_ids"] == load(vocabulary).mask).any()
    assert "masked_positions" not in batch
    assert (job(INFOWORD).feed.step(0)[0]["input_ids"] == load(vocabulary).mask).any()


def test_readings_of_sources_and_targets_are_refused(sample_data, vocab, tmp_path, config):
    from command_line import made_by

    corpus = sample_data / "corpus" / "news.txt"
    flags = ("--vocab", vocab, "--corruption", "infill", "--format", "full-sentences", "--pairs", "none")
    data = made_by("make-instances", corpus, *flags, output=tmp_path / "data")
    assert len(Instances(data)) > 0
    with pytest.raises(UsageError, match="these instances are sources and targets"):
        set_up([data], tmp_path, SIMCSE, config, None, World())
