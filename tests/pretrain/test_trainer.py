from __future__ import annotations

import dataclasses
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from training_data import nano

from zhprep.core.errors import UsageError
from zhprep.engine.distribution import World
from zhprep.engine.loop import Trainer
from zhprep.engine.validation import EPOCH, in_order, predict
from zhprep.models.model import n_parameters, seeded_model
from zhprep.pretrain.job import set_up

STILL = nano(hidden_dropout=0.0, attention_dropout=0.0)


@pytest.fixture
def job(data, vocabulary, config, tmp_path):
    def make(recipe=STILL, **changes):
        return set_up([data], tmp_path, recipe, dataclasses.replace(config, **changes), vocabulary, World())

    return make


def test_a_model_that_could_not_be_saved_is_told_before_it_is_trained(job):
    with pytest.raises(UsageError, match=r"offset of \[model.position\] is 2"):
        job(STILL | {"position": {"offset": 2}, "objectives": ["mlm"]})
    kept = {"position": {"behind_padding": True}, "objectives": ["mlm"]}
    assert job(STILL | kept).model.config.parts["position"]["offset"] == 1


def gradients(job) -> dict[str, torch.Tensor]:
    job.model.train()
    job.trainer.step(0, job.feed.step(0))
    return {name: weight.grad.clone() for name, weight in job.model.named_parameters()}


@pytest.mark.parametrize("parts", [2, 3, 8, 20])
def test_a_batch_in_parts_has_the_gradient_of_the_whole(job, parts):
    """The loss is the mean over the masked tokens of the step, not a mean of the parts' means."""
    whole, split_up = gradients(job(accumulate=1, clip=0.0)), gradients(job(accumulate=parts, clip=0.0))
    for name, gradient in whole.items():
        torch.testing.assert_close(split_up[name], gradient, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("size", [2, 3, 8])
def test_processes_together_see_the_rows_of_one(job, size):
    feed = job().feed
    alone = feed.step(4)
    worlds = [World(rank, size) for rank in range(size)]
    shared = [batch for world in worlds for batch in dataclasses.replace(feed, world=world).step(4)]
    for name in ("next_sentence_label", "masked_labels"):
        assert torch.equal(torch.cat([b[name] for b in shared]), torch.cat([b[name] for b in alone]))


def test_the_gradient_is_clipped_and_its_whole_norm_told(job):
    made = job(clip=0.01)
    made.model.train()
    outcome = made.trainer.step(0, made.feed.step(0))
    assert outcome.grad_norm.item() > 0.01
    norms = [weight.grad.norm() for weight in made.model.parameters()]
    assert torch.stack(norms).norm().item() == pytest.approx(0.01, rel=1e-3)


def test_the_total_is_weighted(job):
    plain, weighted = (
        job(clip=0.0),
        job(nano(objective_weights=[0.0, 2.0], hidden_dropout=0.0, attention_dropout=0.0), clip=0.0),
    )
    one, two = gradients(plain), gradients(weighted)
    assert not two["objectives.mlm.head.transform.weight"].any()
    name = "objectives.next_sentence.head.pooler.weight"
    torch.testing.assert_close(two[name], 2 * one[name], rtol=1e-4, atol=1e-6)


def test_dropout_is_a_function_of_seed_and_step(job):
    losses = {}
    for seed in (0, 0, 1):
        for step in (3, 4):
            made = job(nano(), seed=0)
            made.trainer.config = dataclasses.replace(made.config, seed=seed)
            made.model.train()
            torch.rand(7)  # what was drawn before does not matter
            outcome = made.trainer.step(step, made.feed.step(0))
            losses.setdefault((seed, step), set()).add(outcome.losses["mlm"].item())
    assert all(len(values) == 1 for values in losses.values())
    assert len({value for values in losses.values() for value in values}) == 4


def test_held_out_rows_always_have_the_same_masks(job, monkeypatch):
    made = job(nano())
    made.model.train()
    held_out = made.feed.phases[0].batches, made.stages[0].held_out, made.model
    with monkeypatch.context() as changed:
        changed.setattr("zhprep.engine.validation.ROWS", 5)
        batches = list(in_order(*held_out))
    assert max(len(batch["input_ids"]) for batch in batches) == 5
    first, again = (predict(made.model, batches, torch.device("cpu")) for _ in range(2))
    assert made.model.training
    assert first["mlm"].figures == again["mlm"].figures
    assert first["next_sentence"].figures["count"] == len(made.stages[0].held_out)
    other = predict(made.model, in_order(*held_out), torch.device("cpu"))
    assert other["mlm"].labels.tolist() == first["mlm"].labels.tolist()
    np.testing.assert_allclose(other["mlm"].losses, first["mlm"].losses, rtol=1e-5)
    assert EPOCH > 10**9


@pytest.mark.parametrize(("longest", "group", "most"), [(128, 1, 64), (8192, 1, 1), (2048, 3, 3), (512, 6, 12)])
def test_held_out_rows_are_looked_at_a_few_at_a_time_and_in_whole_groups(longest, group, most):
    made = SimpleNamespace(make=lambda rows, _epochs: {"rows": torch.from_numpy(rows)})
    model = SimpleNamespace(config=SimpleNamespace(max_position_embeddings=longest), group=group)
    sizes = [len(batch["rows"]) for batch in in_order(made, np.arange(130), model)]
    assert sizes[:-1] == [most] * (129 // most)
    assert sum(sizes) == 130


def test_bf16_is_what_a_gpu_gets_and_may_be_asked_for(job):
    made = job(dtype="bf16")
    assert (made.trainer.dtype, job().trainer.dtype) == ("bf16", "fp32")
    made.model.train()
    outcome = made.trainer.step(0, made.feed.step(0))
    assert outcome.losses["mlm"].item() == pytest.approx(3.8, abs=0.3)
    assert all(weight.dtype == torch.float32 for weight in made.model.parameters())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_batches_for_a_compiled_model_have_one_shape(job):
    batches = job(compile=True).feed.step(0)
    assert {batch["input_ids"].shape[1] for batch in batches} == {32}  # 64, but for the positions
    assert {len(batch["masked_labels"]) for batch in batches} == {256}


@pytest.mark.nightly  # the compiler takes half a minute however small the model is
@pytest.mark.skipif(shutil.which("g++") is None and shutil.which("clang++") is None, reason="needs a C++ compiler")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_compiled_model_has_the_same_losses(job):
    plain, compiled = job(), job(compile=True)
    for made in (plain, compiled):
        made.model.train()
    found = [made.trainer.step(0, made.feed.step(0)).losses["mlm"].item() for made in (plain, compiled)]
    assert found[0] == pytest.approx(found[1], rel=1e-4)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_step_on_a_gpu_is_near_one_on_a_cpu(job):
    made, model = job(dtype="fp32"), None
    expected = gradients(made)
    world = World(device=torch.device("cuda"))
    model = seeded_model(made.model.config, made.config.seed)
    trainer = Trainer(model, made.config, world)
    trainer.step(0, made.feed.step(0))
    for name, weight in model.named_parameters():
        torch.testing.assert_close(weight.grad.cpu(), expected[name], rtol=1e-2, atol=1e-3)
    assert n_parameters(model) == n_parameters(made.model)


@pytest.mark.parametrize("n_points", [3, pytest.param(50, marks=pytest.mark.nightly)])
def test_any_number_of_processes_goes_on_anywhere_with_the_same_bytes(job, n_points):
    """Ranks 1 to 4, batches made when asked for and ahead by a thread, resumed at random steps: the rows and their
    masks are those of one process that never stopped. Masks are compared token by token, and so is what hides them."""
    made = job(steps=40)
    feed, names = made.feed, ("next_sentence_label", "masked_labels")
    n_steps = feed.n_steps

    def seen(step):
        """All that one process gets of a step, by row: its tokens without padding, and by name what is not of tokens."""
        everything = torch.ones(1, dtype=torch.bool)  # where no row is padded there is no mask
        rows = []
        for batch in step:
            ids = batch["input_ids"]
            real = batch.get("attention_mask", everything.expand_as(ids))
            rows += [row[mask].tolist() for row, mask in zip(ids, real, strict=True)]
        return rows, {name: torch.cat([batch[name] for batch in step]).tolist() for name in names}

    never_stopped = [seen(feed.step(number)) for number in range(n_steps)]
    points = np.random.default_rng(0).choice(n_steps - 2, n_points, replace=n_points > n_steps - 2)
    for point in points.tolist():
        for size in (1, 2, 3, 4):
            feeds = [dataclasses.replace(feed, world=World(rank, size), parts=1 + point % 2) for rank in range(size)]
            ahead = zip(*(one.steps(point, point + 2) for one in feeds), strict=True)
            asked = ([one.step(number) for one in feeds] for number in (point, point + 1))
            for way in (ahead, asked):
                for number, shares in enumerate(way, point):
                    assert seen([batch for share in shares for batch in share]) == never_stopped[number]
