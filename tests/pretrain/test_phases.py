"""Runs of several phases: what each trains on, and that they stop and go on anywhere."""

from __future__ import annotations

import dataclasses
import errno
import itertools
import json
import os
import pkgutil
import runpy
import sys
import time

import pytest
import safetensors.torch
import torch
from command_line import in_processes
from training_data import nano, write_instances

from zhprep.core.errors import Stopped, UsageError
from zhprep.core.seal import SEAL, json_bytes, sealed
from zhprep.engine.distribution import World
from zhprep.engine.feed import Feed
from zhprep.engine.order import positions
from zhprep.pretrain.job import set_up
from zhprep.pretrain.phases import planned
from zhprep.pretrain.run import pretrain

PHASES = ({"steps": 200, "batch_size": 4}, {"steps": 100, "batch_size": 12})
STILL = {"hidden_dropout": 0.0, "attention_dropout": 0.0}


@pytest.fixture(scope="module")
def other_data(tmp_path_factory):
    """More rows than ``data``, masked at another rate."""
    return write_instances(tmp_path_factory.mktemp("other"), 300, mask_prob=0.4)


@pytest.fixture(scope="module")
def phased(config):
    return dataclasses.replace(config, phases=PHASES)


class Told:
    """Batches that say what they were asked for."""

    def make(self, rows, epochs, progress=None):
        return {"rows": torch.from_numpy(rows), "epochs": torch.from_numpy(epochs)}


def weights(run) -> bytes:
    return (run / "model.safetensors").read_bytes()


def lines(run) -> list[dict[str, object]]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def told(run) -> list[tuple[object, ...]]:
    return [(line["step"], line.get("loss"), line.get("lr"), line.get("held_out")) for line in lines(run)]


@pytest.fixture(scope="module")
def finished(tmp_path_factory, data, other_data, vocabulary, phased):
    torch.set_num_threads(1)
    run = tmp_path_factory.mktemp("finished") / "run"
    return run, pretrain([data, other_data], run, nano(), phased, vocabulary=vocabulary)


def test_steps_of_phases_are_scaled_to_those_of_the_run(phased):
    phases = planned(phased)
    assert [(phase.begin, phase.end, phase.batch_size) for phase in phases] == [(0, 8, 4), (8, 12, 12)]
    whole = planned(dataclasses.replace(phased, steps=300))
    assert [phase.n_steps for phase in whole] == [200, 100]
    (one,) = planned(dataclasses.replace(phased, phases=()))
    assert (one.begin, one.end, one.batch_size) == (0, 12, 8)


def test_each_phase_has_its_data_and_its_batches(data, other_data, vocabulary, phased, tmp_path):
    job = set_up([data, other_data], tmp_path, nano(), phased, vocabulary, World())
    for step, folder, n_rows in ((0, data, 4), (7, data, 4), (8, other_data, 12), (11, other_data, 12)):
        assert job.stage_at(step).batches.instances.folder == folder
        assert sum(len(batch["input_ids"]) for batch in job.feed.step(step)) == n_rows
    alone = set_up([other_data], tmp_path, nano(), dataclasses.replace(phased, phases=()), vocabulary, World())
    assert alone.plan["data"] == job.plan["data"][1] != job.plan["data"][0]


def test_a_run_of_phases_counts_and_logs_through(finished, data, other_data):
    run, report = finished
    assert [line["step"] for line in lines(run)] == [*range(1, 13), 12]
    assert report.as_dict()["instances"] == 8 * 4 + 4 * 12
    assert report.scores["phases"] == [str(data), str(other_data)]
    assert report.scores["data"] == str(other_data)


@pytest.mark.parametrize("stops", [(3,), (8,), (11,), (2, 8, 9)])
def test_stopping_in_any_phase_and_going_on_gives_the_weights_of_not_stopping(
    tmp_path, data, other_data, vocabulary, phased, finished, stops
):
    for stop in stops:
        stopping = dataclasses.replace(phased, stop_after=stop)
        with pytest.raises(Stopped, match=f"step {stop} of 12"):
            pretrain([data, other_data], tmp_path / "run", nano(), stopping, vocabulary=vocabulary)
    resumed = pretrain([data, other_data], tmp_path / "run", nano(), phased, vocabulary=vocabulary)
    assert weights(tmp_path / "run") == weights(finished[0])
    assert told(tmp_path / "run") == told(finished[0])
    assert resumed.account.as_dict() == finished[1].account.as_dict()


def test_phases_that_say_nothing_are_one(tmp_path, data, vocabulary, config):
    """Data in two halves are not shuffled as one, so the batches of one epoch in one phase: as many as it has."""
    one = dataclasses.replace(config, steps=6)
    two = dataclasses.replace(config, steps=6, phases=({"steps": 6},))
    pretrain(data, tmp_path / "one", nano(), one, vocabulary=vocabulary)
    pretrain(data, tmp_path / "two", nano(), two, vocabulary=vocabulary)
    assert weights(tmp_path / "one") == weights(tmp_path / "two")


def test_phases_on_one_folder_go_on_in_it(tmp_path, data, other_data, vocabulary, config):
    """As with batches that grow: each row comes as often as in one phase, and with another mask each time."""
    sizes = ({"steps": 20, "batch_size": 2}, {"steps": 20, "batch_size": 4}, {"steps": 10, "batch_size": 20})
    growing = dataclasses.replace(config, steps=50, phases=sizes)
    job = set_up([data], tmp_path, nano(), growing, vocabulary, World())
    seen: list[tuple[int, int]] = []
    for phase in job.feed.phases:
        feed = Feed((dataclasses.replace(phase, batches=Told()),), config.seed)
        for batch in itertools.chain.from_iterable(map(feed.step, range(phase.n_steps))):
            seen += zip(batch["rows"].tolist(), batch["epochs"].tolist(), strict=True)
    rows = job.stages[0].rows
    one_phase = positions(0, 320, len(rows), config.seed)
    assert seen == list(zip(rows[one_phase[0]].tolist(), one_phase[1].tolist(), strict=True))
    assert len({row for row, _ in seen[: len(rows)]}) == len(rows)
    assert job.plan["taken_before"] == [0, 40, 120]
    mixed = dataclasses.replace(config, phases=({"steps": 3}, {"steps": 3}, {"steps": 6}))
    apart = set_up([data, other_data, data], tmp_path, nano(), mixed, vocabulary, World())
    assert [phase.taken for phase in apart.feed.phases] == [0, 0, 24]


def test_a_run_whose_phases_began_anew_is_refused(tmp_path, data, vocabulary, phased):
    """As zhprep did before: half of it by one rule and half by the other would be no run that is one again."""
    with pytest.raises(Stopped):
        pretrain(data, tmp_path / "run", nano(), dataclasses.replace(phased, stop_after=9), vocabulary=vocabulary)
    plan = json.loads((tmp_path / "run" / "plan.json").read_text())
    old = {name: value for name, value in plan.items() if name not in ("taken_before", SEAL)}
    (tmp_path / "run" / "plan.json").write_bytes(json_bytes(sealed(old)))
    with pytest.raises(UsageError, match="by an older zhprep, which began each phase at the first row") as caught:
        pretrain(data, tmp_path / "run", nano(), phased, vocabulary=vocabulary)
    assert caught.value.hint


def test_a_finished_run_whose_phases_began_anew_is_left_as_it_is(tmp_path, data, vocabulary, phased):
    made = pretrain(data, tmp_path / "run", nano(), phased, vocabulary=vocabulary)
    plan = json.loads((tmp_path / "run" / "plan.json").read_text())
    del plan[SEAL], plan["taken_before"]
    (tmp_path / "run" / "plan.json").write_bytes(json_bytes(sealed(plan)))
    again = pretrain(data, tmp_path / "run", nano(), phased, vocabulary=vocabulary)
    assert again.as_dict()["content_sha256"] == made.content_sha256
    with pytest.raises(UsageError, match=r"config \(seed\)"):
        pretrain(data, tmp_path / "run", nano(), dataclasses.replace(phased, seed=7), vocabulary=vocabulary)


def test_a_phase_may_have_a_schedule_of_its_own(tmp_path, data, vocabulary, phased, config):
    own = {"steps": 100, "learning_rate": 1e-3, "warmup": 2.0, "schedule": "cosine"}
    phases = ({"steps": 200}, own)
    pretrain(data, tmp_path / "run", nano(), dataclasses.replace(config, phases=phases), vocabulary=vocabulary)
    pretrain(data, tmp_path / "plain", nano(), config, vocabulary=vocabulary)
    rates, plain = ([line["lr"] for line in lines(tmp_path / name) if "lr" in line] for name in ("run", "plain"))
    assert rates[:8] == plain[:8]
    assert rates[8:] == pytest.approx([1e-3 / 3, 2e-3 / 3, 1e-3, 0.5e-3])


def no_space(*_given, **_named):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_phase_may_change_what_is_no_weight(tmp_path, data, vocabulary, config, monkeypatch):
    """As zh-modern changes the base of its rotations: the weights stay, what they make of a text does not."""
    recipe = nano(inputs=["token", "segment"], rotary_theta=100.0, format="zhprep", **STILL)
    phases = ({"steps": 6}, {"steps": 6, "model": {"rotary_theta": 1e4}})
    changed = dataclasses.replace(config, phases=phases)
    pretrain(data, tmp_path / "run", recipe, changed, vocabulary=vocabulary)
    pretrain(data, tmp_path / "plain", recipe, config, vocabulary=vocabulary)
    losses, plain = ([line["loss"] for line in lines(tmp_path / name) if "loss" in line] for name in ("run", "plain"))
    assert losses[:6] == plain[:6]
    assert losses[6]["mlm"] != plain[6]["mlm"]  # of the same rows
    assert json.loads((tmp_path / "run" / "config.json").read_text())["zhprep"]["rotary_theta"] == 1e4
    for stop in (4, 9):
        stopping = dataclasses.replace(changed, stop_after=stop)
        with pytest.raises(Stopped):
            pretrain(data, tmp_path / "cut", recipe, stopping, vocabulary=vocabulary)
    with monkeypatch.context() as full_disk:  # after the last checkpoint
        full_disk.setattr("zhprep.pretrain.run.save_model", no_space)
        with pytest.raises(OSError, match="No space"):
            pretrain(data, tmp_path / "cut", recipe, changed, vocabulary=vocabulary)
    pretrain(data, tmp_path / "cut", recipe, changed, vocabulary=vocabulary)
    assert weights(tmp_path / "cut") == weights(tmp_path / "run")
    assert (tmp_path / "cut" / "config.json").read_bytes() == (tmp_path / "run" / "config.json").read_bytes()


def test_what_is_no_training_is_not_counted_as_it(tmp_path, data, other_data, vocabulary, phased, monkeypatch):
    """Looks at held-out rows and checkpoints take longer than the steps; the second phase has three times the rows."""

    def slow(name, seconds):
        owner, _, last = name.rpartition(".")
        function = getattr(pkgutil.resolve_name(owner), last)
        monkeypatch.setattr(name, lambda *given, **named: (time.sleep(seconds), function(*given, **named))[1])

    slow("zhprep.engine.loop.Trainer.step", 0.1)
    for name in ("predict", "checkpoint.save", "save_model"):
        slow(f"zhprep.pretrain.run.{name}", 0.3)
    monkeypatch.setattr("zhprep.pretrain.run.utilisation", lambda flops_per_second, _: flops_per_second)
    config, began = dataclasses.replace(phased, eval_every=2, log_every=2, checkpoint_every=2), time.monotonic()
    report = pretrain([data, other_data], tmp_path / "run", nano(), config, vocabulary=vocabulary)
    counts, spent = report.account.counts, time.monotonic() - began
    assert 1.2 < report.scores["training_seconds"] < spent - (6 + 6 + 1) * 0.3
    assert report.scores["tokens_per_second"] == pytest.approx(
        counts["tokens"] / report.scores["training_seconds"], 0.01
    )
    told = [line for line in lines(tmp_path / "run") if "mfu" in line]
    took = [after - before for before, after in itertools.pairwise([0.0, *(line["seconds"] for line in told)])]
    for name, counted in (("mfu", "flops"), ("tokens_per_second", "tokens")):
        done = sum(line[name] * seconds for line, seconds in zip(told, took, strict=True))
        assert done == pytest.approx(counts[counted], 0.2)


@pytest.mark.parametrize(
    ("phases", "n_folders", "message"),
    [
        ([{"steps": 1, "batch": 4}], 1, r"unknown setting 'batch' in \[\[pretrain.phases\]\]"),
        ([{"steps": 1}, {"steps": 1}], 3, "3 folders of instances for 2 phases"),
        ([{"steps": 1}, {"steps": 1000}], 1, "12 steps are too few for 2 phases"),
        ([{"steps": 1, "model": {"num_hidden_layers": 3}}], 1, "changes num_hidden_layers, and with it weights"),
        ([{"steps": 1, "model": {"hidden_sise": 3}}], 1, "unknown setting 'hidden_sise'"),
        (
            [{"steps": 1, "instances": {"mask_prob": 0.4}}],
            1,
            "was made with mask_prob None; the phase from step 0 has 0.4",
        ),
    ],
)
def test_phases_that_cannot_be_are_told_before_anything_is_written(
    tmp_path, data, vocabulary, config, phases, n_folders, message
):
    wrong = dataclasses.replace(config, phases=tuple(phases))
    with pytest.raises(UsageError, match=message) as caught:
        pretrain([data] * n_folders, tmp_path / "run", nano(), wrong, vocabulary=vocabulary)
    assert caught.value.hint
    assert not (tmp_path / "run").exists()


def test_other_data_of_a_phase_are_refused(data, vocabulary, phased, finished):
    with pytest.raises(UsageError, match="was begun with data"):
        pretrain([data, data], finished[0], nano(), phased, vocabulary=vocabulary)


SCRIPT = """
import sys
from pathlib import Path
from training_data import nano
from zhprep.pretrain.config import PretrainConfig
from zhprep.pretrain.run import pretrain
one, other, vocabulary, run = map(Path, sys.argv[1:])
config = PretrainConfig(
    size="nano", steps=6, batch_size=8, learning_rate=3e-3, threads=1, log_every=1,
    phases=({"steps": 3, "batch_size": 4}, {"steps": 3, "model": {"rotary_theta": 1e4}}),
)
recipe = nano(
    inputs=["token", "segment"], rotary_theta=100.0, format="zhprep", hidden_dropout=0.0, attention_dropout=0.0
)
pretrain([one, other], run, recipe, config, vocabulary=vocabulary)
"""


@pytest.mark.slow
def test_two_processes_make_the_phases_of_one(tmp_path, data, other_data, vocabulary, monkeypatch):
    (tmp_path / "train.py").write_text(SCRIPT)
    script, inputs = str(tmp_path / "train.py"), [str(data), str(other_data), str(vocabulary)]
    monkeypatch.setattr(sys, "argv", [script, *inputs, str(tmp_path / "one")])
    runpy.run_path(script)
    in_processes(2, script, *inputs, tmp_path / "two")
    one, two = ([line["loss"] for line in lines(tmp_path / name) if "loss" in line] for name in ("one", "two"))
    for alone, shared in zip(one, two, strict=True):
        assert shared == pytest.approx(alone, abs=1e-5)
    tensors = [safetensors.torch.load_file(tmp_path / name / "model.safetensors") for name in ("one", "two")]
    for name, tensor in tensors[0].items():
        torch.testing.assert_close(tensors[1][name], tensor, rtol=1e-3, atol=1e-4)
