"""Every way of transfer keeps its word: what stays, what changes, at which rate, and how many weights there are."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math

import pytest
import torch
from made_tasks import meals, places, write_task
from training_data import TOKENS, write_vocabulary

from zhprep.core.errors import UsageError
from zhprep.core.progress import NO_PROGRESS
from zhprep.engine.distribution import World
from zhprep.engine.groups import groups
from zhprep.engine.log import Meter
from zhprep.evaluate.averages import LastWeights, teacher_of
from zhprep.evaluate.config import CHOICES, TUNING_NAMES, EvaluateConfig
from zhprep.evaluate.finetune import FineTuner
from zhprep.evaluate.heads import TaskModel
from zhprep.evaluate.score import Transfer, score_task, tuner_for
from zhprep.evaluate.stages import groups_of, heads_of, names_of
from zhprep.evaluate.tasks import read_task
from zhprep.evaluate.tasks.classification import RowClassifier
from zhprep.evaluate.tuning import TUNINGS
from zhprep.evaluate.tuning.adapters import Adapter
from zhprep.evaluate.tuning.lora import LowRank
from zhprep.models import SIZES, ModelConfig

SHORT = EvaluateConfig(epochs=5, learning_rate=5e-3, seeds=(0,), max_length=32, batch_size=16)


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    return read_task(write_task(tmp_path_factory.mktemp("tasks") / "meals", meals, 64, 16))


def tuner(run, task, **settings) -> FineTuner:
    return FineTuner(run, [task], dataclasses.replace(SHORT, **settings), World())


def meter() -> Meter:
    return Meter(NO_PROGRESS, 0, 1)


def weights(model) -> dict[str, torch.Tensor]:
    return {name: weight.detach().clone() for name, weight in model.named_parameters()}


def test_names_of_settings_are_the_parts():
    assert tuple(TUNINGS) == TUNING_NAMES
    assert CHOICES == ("last", "best")


@pytest.mark.parametrize("name", TUNING_NAMES)
def test_a_way_changes_what_it_says_and_nothing_else(name, finished, task):
    made = tuner(finished, task, tune=name)
    before = made.model(0)
    tuning = made.tuning(before, 0)
    before, after = weights(before), weights(made.run(0, meter()))
    changed = {one for one in after if not torch.equal(before[one], after[one])}
    assert changed <= tuning.trained
    assert sum(stage.n_steps for stage in tuning.stages) == SHORT.epochs * made.steps_per_epoch
    unread = {one for one in tuning.trained if "token.table" not in one} - changed
    assert {one for one in unread if not one.endswith("bias")} == set()


@pytest.mark.parametrize("name", TUNING_NAMES)
def test_each_stage_trains_exactly_its_groups(name, finished, task, monkeypatch):
    made = tuner(finished, task, tune=name)
    seen = []
    from zhprep.engine.loop import Trainer

    step = Trainer.step

    def watched(self, number, batches):
        before = weights(self.model)
        outcome = step(self, number, batches)
        seen.append({one for one, weight in weights(self.model).items() if not torch.equal(before[one], weight)})
        return outcome

    monkeypatch.setattr(Trainer, "step", watched)
    made.run(0, meter())
    model = made.model(0)
    tuning, at = made.tuning(model, 0), 0
    for stage in tuning.stages:
        moved = set().union(*seen[at : at + stage.n_steps])
        at += stage.n_steps
        assert moved <= stage.trained
        assert {one for one in stage.trained - moved if not one.endswith("bias")} == set()


def test_features_leave_the_encoder_to_the_bit(finished, task):
    made = tuner(finished, task, tune="features", layers="all")
    model = made.run(0, meter())
    before, after = weights(made.model(0).body), model.body.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    model.train()
    assert model.heads["0"].training
    assert not any(module.training for module in model.body.modules())


def outputs(model, made) -> torch.Tensor:
    inputs = made.prepared.parts["dev"]
    return model.eval().logits("0", inputs.batch(torch.arange(8).numpy(), made.prepared.padding))


@pytest.mark.parametrize("name", ["adapters", "lora"])
def test_what_is_put_in_begins_as_nothing(name, finished, task):
    made = tuner(finished, task, tune=name)
    model = made.model(0)
    before = outputs(model, made)
    made.tuning(model, 0)
    for module in model.modules():
        if isinstance(module, Adapter):
            torch.nn.init.zeros_(module.up.weight)
            torch.nn.init.zeros_(module.up.bias)
    assert torch.equal(outputs(model, made), before)
    assert sum(isinstance(module, (Adapter, LowRank)) for module in model.modules()) == {"adapters": 4, "lora": 2}[name]


@pytest.mark.parametrize(("size", "expected"), [("base", 2_379_264), ("large", 6_343_680)])
def test_adapters_have_the_published_number_of_weights(size, expected):
    """Houlsby et al.: 2md + d + m each, two a layer, at m = 64."""
    with torch.device("meta"):
        model = TaskModel(ModelConfig(**SIZES[size]), {})
        before = sum(weight.numel() for weight in model.parameters())
        TUNINGS["adapters"](model, EvaluateConfig(adapter_size=64), 1)
        assert sum(weight.numel() for weight in model.parameters()) - before == expected


def test_lora_has_two_products_a_layer():
    with torch.device("meta"):
        model = TaskModel(ModelConfig(**SIZES["base"]), {})
        tuning = TUNINGS["lora"](model, EvaluateConfig(lora_rank=8), 1)
        sizes = {name: weight.numel() for name, weight in model.named_parameters()}
        assert sum(sizes[name] for name in tuning.trained) == 12 * 2 * 2 * 8 * 768


def test_gradual_opens_from_the_top_at_falling_rates(finished, task):
    made = tuner(finished, task, tune="gradual", epochs=6)
    model = made.model(0)
    tuning, parts = made.tuning(model, 0), groups_of(model)
    assert [len(part) > 0 for part in parts] == [True] * 4  # heads, two layers, embeddings
    assert parts[0] == heads_of(model)
    assert all(stage.trained == frozenset().union(*parts[: n + 1]) for n, stage in enumerate(tuning.stages))
    assert [stage.n_steps for stage in tuning.stages] == [4, 4, 4, 12]
    named = list(model.named_parameters())
    scales = sorted({group["lr_scale"] for group in groups(named, made._optimisation(tuning, 0))}, reverse=True)
    assert [one / other for one, other in itertools.pairwise(scales)] == pytest.approx([2.6] * 3)
    few = dataclasses.replace(made.config, epochs=1)
    assert sum(stage.n_steps for stage in TUNINGS["gradual"](model, few, 4).stages) == 4


def test_chain_thaw_takes_each_group_alone(finished, task):
    made = tuner(finished, task, tune="chain-thaw")
    model = made.model(0)
    tuning, parts = made.tuning(model, 0), groups_of(model)
    assert [stage.trained for stage in tuning.stages] == [
        parts[0],
        parts[3],
        parts[2],
        parts[1],
        frozenset(names_of(model)),
    ]


def test_the_ensemble_is_the_mean_of_the_last_steps(finished, task):
    made = tuner(finished, task, ensemble=3)
    seen = []
    from zhprep.engine import loop

    class Watched(loop.Trainer):
        def step(self, number, batches):
            outcome = super().step(number, batches)
            seen.append(weights(self.model))
            return outcome

    import zhprep.evaluate.finetune as module

    module.Trainer, before = Watched, module.Trainer
    try:
        model = made.run(0, meter())
    finally:
        module.Trainer = before
    for name, weight in model.named_parameters():
        torch.testing.assert_close(weight, torch.stack([one[name] for one in seen[-3:]]).mean(0))


def test_running_means_by_hand(finished, task):
    model = tuner(finished, task).model(0)
    last, values = LastWeights(model, 2), [1.0, 4.0, 6.0]
    weight = next(model.parameters())
    for value in values:
        torch.nn.init.constant_(weight, value)
        last.add()
    last.put_into(model)
    assert torch.equal(weight, torch.full_like(weight, 5.0))


def test_a_student_learns_the_logits_of_its_teacher_too(finished, task):
    made = tuner(finished, task, distill=True, distill_weight=0.0, epochs=1)
    model, plain = made.model(0).eval(), tuner(finished, task, epochs=1)
    batch = made.prepared.parts["dev"].batch(torch.arange(8).numpy(), made.prepared.padding)
    alone = model(batch)["0"]
    teacher = teacher_of(made.model(1))
    model.teacher, model.distilling = (teacher,), 3.0
    apart = (model.logits("0", batch) - teacher.logits("0", batch)).square().mean().detach()
    assert apart.item() > 1e-3
    torch.testing.assert_close(model(batch)["0"], alone + 3.0 * 8 * apart)
    assert not any(weight.requires_grad for weight in teacher.parameters())
    assert torch.equal(outputs(made.run(0, meter()), made), outputs(plain.run(0, meter()), plain))
    near = tuner(finished, task, distill=True, distill_weight=10.0, epochs=1)
    assert not torch.equal(outputs(near.run(0, meter()), near), outputs(plain.run(0, meter()), plain))


def test_an_intermediate_task_is_where_the_body_begins(finished, task, tmp_path):
    first = read_task(write_task(tmp_path / "places", places, 48, 8))
    made = tuner_for(finished, task, dataclasses.replace(SHORT, epochs=1), World(), Transfer(first))
    before, after = weights(tuner(finished, task).model(0).body), weights(made.model(0).body)
    assert not torch.equal(
        before["stack.layers.0.feedforward.block.up.weight"], after["stack.layers.0.feedforward.block.up.weight"]
    )
    heads = weights(tuner(finished, task).model(0).objectives), weights(made.model(0).objectives)
    assert all(torch.equal(heads[0][name], heads[1][name]) for name in heads[0])


def test_the_weight_of_the_agreement_of_two_granularities(finished, task):
    config = ModelConfig(vocab_size=10, **SIZES["tiny"])
    head = RowClassifier({"fine": config, "coarse": config}, n_classes=3, dropout=0.0)
    logits, batch = torch.randn(4, 3, 3, generator=torch.manual_seed(0)), {"label": torch.tensor([0, 1, 2, 0])}
    losses = []
    for head.agreement in (0.0, 1.0, 2.5):
        losses.append(head.loss(logits, batch).item())
    fine, coarse = logits[:, 0].softmax(-1), logits[:, 1].softmax(-1)
    apart = sum(math.dist(one, other) for one, other in zip(fine.tolist(), coarse.tolist(), strict=True))
    assert losses[1] - losses[0] == pytest.approx(apart, rel=1e-5)
    assert losses[2] - losses[0] == pytest.approx(2.5 * apart, rel=1e-5)
    assert tuner(finished, task, agreement=0.25).model(0).heads["0"].agreement == 0.25
    assert tuner(finished, task).model(0).heads["0"].agreement == 1.0


def test_several_tasks_are_learnt_at_once(finished, task, tmp_path):
    other = read_task(write_task(tmp_path / "places", places, 48, 8))
    config = dataclasses.replace(SHORT, epochs=6)
    made = tuner_for(finished, task, config, World(), Transfer(beside=(other,)))
    assert made.steps_per_epoch == 4 + 3
    model = made.run(0, meter())
    assert made.scores(model, "dev")["accuracy"] > 0.8
    fresh = made.model(0)
    assert not torch.equal(fresh.heads["1"].classifier.weight, model.heads["1"].classifier.weight)
    found = score_task(
        finished, task, dataclasses.replace(config, epochs=1), World(), transfer=Transfer(beside=(other,))
    )
    assert found["with"] == {"places": other.sha256}


def test_a_probe_scores_each_depth_as_if_it_were_alone(finished, task):
    config = dataclasses.replace(SHORT, probe=True, epochs=2)
    found = score_task(finished, task, config, World())
    assert list(found["probe"]) == ["layer_0", "layer_1", "layer_2"]
    assert found["accuracy"] == found["probe"]["layer_2"]["accuracy"]
    made = FineTuner(finished, [task], config, World())
    model = made.run(0, meter())
    assert all(
        torch.equal(a, b)
        for a, b in zip(weights(made.model(0).body).values(), weights(model.body).values(), strict=True)
    )
    json.dumps(found)


def test_settings_that_do_not_go_together_are_told(finished, task):
    with pytest.raises(UsageError, match="--ensemble"):
        tuner(finished, task, ensemble=2, keep="best")
    with pytest.raises(UsageError, match="--probe"):
        tuner(finished, task, probe=True, layers="all")
    with pytest.raises(UsageError, match="--layers is '7'; the model has 2 layers"):
        tuner(finished, task, layers="7").model(0)
    with pytest.raises(UsageError, match="several processes"):
        FineTuner(finished, [task], dataclasses.replace(SHORT, tune="gradual"), World(size=2))


def test_all_layers_are_weighed_by_shares(finished, task):
    made = tuner(finished, task, layers="all", learning_rate=0.05)
    model = made.model(0)
    alpha = model.layer_weights()["0"]["main"]["alpha"]
    assert alpha == pytest.approx([1 / 3] * 3)
    alpha = made.run(0, meter()).layer_weights()["0"]["main"]["alpha"]
    assert math.isclose(sum(alpha), 1, rel_tol=1e-6)
    assert max(alpha) > 0.34


FAMILIES = {
    "Albert": {"embedding_size": 16, "hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 64},
    "Electra": {"embedding_size": 16, "hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 64},
    "Roberta": {"hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 64, "max_position_embeddings": 66, "pad_token_id": 1},
    "ModernBert": {"hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 64, "pad_token_id": 0},
}  # fmt: skip


@pytest.mark.parametrize("tune", ["full", "adapters", "lora", "gradual"])
@pytest.mark.parametrize("family", list(FAMILIES))
def test_models_of_transformers_are_judged_by_the_same_code(family, tune, task, tmp_path):
    transformers = pytest.importorskip("transformers")
    described = getattr(transformers, f"{family}Config")(
        vocab_size=len(TOKENS), num_hidden_layers=2, cls_token_id=2, sep_token_id=3, **FAMILIES[family]
    )
    torch.manual_seed(0)
    transformers.logging.disable_progress_bar()
    getattr(transformers, f"{family}ForMaskedLM")(described).save_pretrained(tmp_path)
    write_vocabulary(tmp_path)
    made = tuner(tmp_path, task, tune=tune, layers="all", epochs=1)
    model = made.model(0)
    tuning = made.tuning(model, 0)
    before, after = weights(model), weights(made.run(0, meter()))
    changed = {name for name in after if not torch.equal(before[name], after[name])}
    assert changed
    assert changed <= tuning.trained
