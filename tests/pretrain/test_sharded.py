"""Shards (FSDP2) on two processes: the weights of DistributedDataParallel, and checkpoints that any run goes on from."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from command_line import in_processes
from training_data import nano

from zhprep.core.errors import UsageError
from zhprep.pretrain.config import PretrainConfig
from zhprep.pretrain.run import pretrain
from zhprep.run.folders import verify_folder

SCRIPT = """
import dataclasses
import sys
from pathlib import Path
import torch
from training_data import nano
from zhprep.engine import checkpoint
from zhprep.engine.distribution import joined
from zhprep.engine.sharded import OPTIMISERS
from zhprep.pretrain.config import PretrainConfig
from zhprep.pretrain.job import set_up

data, vocabulary, top = map(Path, sys.argv[1:])
PHASES = ({"steps": 2}, {"steps": 2, "model": {"hidden_dropout": 0.0, "attention_dropout": 0.0}})
CONFIG = PretrainConfig(
    size="nano", steps=4, batch_size=8, accumulate=2, learning_rate=3e-3, threads=1, phases=PHASES, clip=0.05
)
BERT = nano()
TRAININGS = {
    "one layer": (nano(stack="shared"), "adamw"),
    "one attention": (nano(stack="shared", parts={"shared": {"sharing": "attention"}}), "adamw"),
    "electra": (nano(body="generator-discriminator", objectives=["mlm", "rtd"]), "adamw"),
    **{optimiser: (BERT, optimiser) for optimiser in OPTIMISERS},
}

def trained(model, config, world, begin=0, end=4, folder=None):
    job = set_up([data], top / "none", model, config, vocabulary, world)
    trainer = job.trainer
    if folder is not None:
        checkpoint.restore(folder, trainer.model, trainer.optimiser, {}, trainer.parallel)
    norms = []
    for number, batches in zip(range(begin, end), job.feed.steps(begin, end)):
        trainer.go_on_as(job.stage_at(number).model)
        norms.append(trainer.step(number, batches).grad_norm.item())
    return trainer, norms

def tensors(trainer):
    return {name: trainer.parallel.whole(tensor) for name, tensor in trainer.model.state_dict().items()}

def close(one, other):
    assert one.keys() == other.keys()
    for name in one:
        torch.testing.assert_close(one[name], other[name], rtol=0, atol=1e-6, msg=lambda said: f"{name}: {said}")

with joined() as world:
    for name, (model, optimiser) in TRAININGS.items():
        config = dataclasses.replace(CONFIG, optimiser=optimiser)
        ways = {way: dataclasses.replace(config, fsdp=way == "fsdp") for way in ("ddp", "fsdp")}
        whole = {way: trained(model, config, world) for way, config in ways.items()}
        assert min(whole["ddp"][1]) > CONFIG.clip, "nothing is clipped"
        torch.testing.assert_close(*(torch.tensor(norms) for _, norms in whole.values()), rtol=1e-5, atol=0)
        close(*(tensors(trainer) for trainer, _ in whole.values()))
        here = sum(weight.to_local().numel() for weight in whole["fsdp"][0].weights)
        assert here < 0.6 * sum(weight.numel() for weight in whole["ddp"][0].weights)
        if model is not BERT:
            continue
        for step, (way, other) in enumerate((("ddp", "fsdp"), ("fsdp", "ddp"), ("fsdp", "fsdp"))):
            (top / name).mkdir(exist_ok=True)
            half, _ = trained(model, ways[way], world, 0, 3)
            folder = checkpoint.save(top / name, step, half.model, half.optimiser, {}, {}, half.parallel)
            world.wait()
            later, _ = trained(model, ways[other], world, 3, 4, folder)
            close(tensors(later), tensors(whole["ddp"][0]))
            if way == other:  # to the bit
                for key, tensor in tensors(later).items():
                    assert torch.equal(tensor, tensors(whole[way][0])[key]), key
"""


COMMAND = """
import dataclasses
import sys
from pathlib import Path
from training_data import nano
from zhprep.core.errors import Stopped
from zhprep.pretrain.config import PretrainConfig
from zhprep.pretrain.run import pretrain
config = PretrainConfig(size="nano", steps=4, batch_size=8, threads=1, log_every=1, stop_after=2, fsdp=True, eval_every=1)
data, vocabulary, run, other = map(Path, sys.argv[1:])
model = nano(hidden_dropout=0.0, attention_dropout=0.0)
try:
    pretrain(data, run, model, config, vocabulary=vocabulary)
    raise AssertionError("was not stopped")
except Stopped:
    pass
pretrain(data, other, model, dataclasses.replace(config, steps=1), vocabulary=vocabulary)  # in the same processes
"""


@pytest.mark.nightly
def test_the_weights_are_those_of_ddp_and_a_checkpoint_is_either_s(
    tmp_path: Path, data: Path, vocabulary: Path
) -> None:
    """To 1e-6 of weights up to 1: the norm by which gradients are clipped is summed in another order, and so are those
    of the optimisers that have some."""
    (tmp_path / "train.py").write_text(SCRIPT, "utf-8")
    in_processes(2, tmp_path / "train.py", data, vocabulary, tmp_path)


@pytest.mark.slow
def test_a_run_of_shards_goes_on_in_one_process(tmp_path: Path, data: Path, vocabulary: Path) -> None:
    """Its files are those of any other run: figures, report, weights, and all of them verified."""
    (tmp_path / "train.py").write_text(COMMAND, "utf-8")
    in_processes(2, tmp_path / "train.py", data, vocabulary, tmp_path / "two", tmp_path / "short")
    report = json.loads((tmp_path / "short" / "report.json").read_bytes())
    assert report["processes"] == 2
    assert 0.4 < report["parameters_a_process"] / report["parameters"] < 0.6  # else each would hold all
    config = PretrainConfig(size="nano", steps=4, batch_size=8, threads=1, log_every=1, eval_every=1)
    model = nano(hidden_dropout=0.0, attention_dropout=0.0)
    for name in ("two", "one"):
        pretrain(data, tmp_path / name, model, config, vocabulary=vocabulary)
        verify_folder(tmp_path / name)
    logs = [
        [json.loads(line) for line in (tmp_path / name / "log.jsonl").read_text("utf-8").splitlines()]
        for name in ("one", "two")
    ]
    assert len(logs[0]) == 8
    for one, two in zip(*logs, strict=True):
        assert one.keys() == two.keys()
        for what, figures in (one.get("held_out") or {"": {"loss": one.get("grad_norm")}}).items():
            other = (two.get("held_out") or {"": {"loss": two.get("grad_norm")}})[what]
            assert figures["loss"] == pytest.approx(other["loss"], abs=1e-4)
    one, two = (safetensors.torch.load_file(tmp_path / name / "model.safetensors") for name in ("one", "two"))
    assert one.keys() == two.keys()
    for name in one:
        torch.testing.assert_close(one[name], two[name], rtol=0, atol=1e-6)


@pytest.mark.parametrize("settings", [{"optimiser": "muon"}, {"compile": True}])
def test_what_does_not_go_with_shards_is_refused_before_anything_is_written(
    tmp_path: Path, data: Path, vocabulary: Path, config: PretrainConfig, settings: dict[str, Any]
) -> None:
    with pytest.raises(UsageError, match=f"--fsdp does not go with --{next(iter(settings))}") as caught:
        pretrain(
            data, tmp_path / "run", nano(), dataclasses.replace(config, fsdp=True, **settings), vocabulary=vocabulary
        )
    assert "leave" in str(caught.value.hint)
    assert not (tmp_path / "run").exists()
