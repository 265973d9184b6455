from __future__ import annotations

import json
import os

import pytest
import torch
from torch import nn

from zhprep.core.corpus.inputs import file_sha256
from zhprep.core.errors import DataError
from zhprep.core.seal import json_bytes
from zhprep.engine import checkpoint
from zhprep.engine.config import OptimisationConfig
from zhprep.engine.optimisers import OPTIMISERS

PLAN = {"config": {"steps": 12}}


def trained(seed: int = 0, steps: int = 3, width: int = 8) -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(4, width), nn.LayerNorm(width), nn.Linear(width, 2))
    optimiser = OPTIMISERS["adamw"](list(model.named_parameters()), OptimisationConfig(learning_rate=0.01))
    for _ in range(steps):
        optimiser.zero_grad()
        model(torch.randn(5, 4)).square().sum().backward()
        optimiser.step()
    return model, optimiser


def same(one, other) -> bool:
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return one == other


def test_everything_comes_back_to_the_bit(tmp_path):
    model, optimiser = trained()
    folder = checkpoint.save(tmp_path, 3, model, optimiser, {"seed": 9}, PLAN)
    other, its_optimiser = trained(seed=1, steps=1)
    state = checkpoint.restore(folder, other, its_optimiser, PLAN)
    assert state == {"seed": 9, "step": 3, "plan": checkpoint.plan_sha256(PLAN)}
    assert same(other.state_dict(), model.state_dict())
    assert same(its_optimiser.state_dict()["state"], optimiser.state_dict()["state"])


def test_files_are_those_of_the_manifest(tmp_path):
    folder = checkpoint.save(tmp_path, 3, *trained(), {}, PLAN)
    names = {path.name for path in folder.iterdir()} - {"MANIFEST.json"}
    assert names == {"model.safetensors", "optimizer.safetensors", "state.json"}
    manifest = json.loads((folder / "MANIFEST.json").read_text())
    assert manifest["files"] == {name: file_sha256(folder / name) for name in names}
    assert (manifest["step"], manifest["plan"]) == (3, checkpoint.plan_sha256(PLAN))


@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.safetensors", "state.json"])
def test_a_file_that_changed_is_refused(tmp_path, name):
    folder = checkpoint.save(tmp_path, 3, *trained(), {}, PLAN)
    raw = bytearray((folder / name).read_bytes())
    raw[-2] ^= 1
    (folder / name).write_bytes(raw)
    with pytest.raises(DataError, match=f"{name} is damaged"):
        checkpoint.restore(folder, *trained(), PLAN)


def test_what_was_being_written_is_no_checkpoint(tmp_path):
    checkpoint.save(tmp_path, 9, *trained(), {}, PLAN)
    checkpoint.save(tmp_path, 10, *trained(), {}, PLAN)
    (tmp_path / ".part-step-11-elsewhere-77-1").mkdir()
    (tmp_path / "step-x").mkdir()
    assert [path.name for path in checkpoint.checkpoints(tmp_path)] == ["step-9", "step-10"]
    checkpoint.save(tmp_path, 11, *trained(), {}, PLAN)
    checkpoint.prune(tmp_path, 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".part-step-11-elsewhere-77-1",
        "step-10",
        "step-11",
        "step-x",
    ]


def refused(folder, message: str, model=None, plan=PLAN) -> None:
    with pytest.raises(DataError, match=message) as caught:
        checkpoint.restore(folder, *(model or trained()), plan)
    assert str(folder) in str(caught.value)
    assert "remove this folder" in caught.value.hint


def test_a_step_of_another_run_is_refused(tmp_path):
    folder = checkpoint.save(tmp_path, 3, *trained(), {}, PLAN)
    refused(folder, "is not a checkpoint of this run", plan={"config": {"steps": 13}})


def test_a_step_under_another_name_is_refused(tmp_path):
    folder = checkpoint.save(tmp_path, 3, *trained(), {}, PLAN)
    refused(folder.rename(tmp_path / "step-9"), "is the checkpoint of step 3")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"files": {}}', '{"step": 3', "\xff"])
def test_a_manifest_that_says_nothing_is_refused(tmp_path, text):
    folder = checkpoint.save(tmp_path, 3, *trained(), {}, PLAN)
    (folder / "MANIFEST.json").write_bytes(text.encode("latin-1"))
    refused(folder, "MANIFEST.json (cannot be read|is damaged|names no files)|not a checkpoint of this run")
    (folder / "MANIFEST.json").unlink()
    refused(folder, "MANIFEST.json cannot be read")


def test_a_manifest_that_leaves_a_file_out_is_refused(tmp_path):
    folder = checkpoint.save(tmp_path, 3, *trained(), {}, PLAN)
    manifest = json.loads((folder / "MANIFEST.json").read_text())
    for name in manifest["files"]:
        fewer = {key: value for key, value in manifest["files"].items() if key != name}
        (folder / "MANIFEST.json").write_bytes(json_bytes(manifest | {"files": fewer}))
        refused(folder, f"{name} is damaged")


def test_the_state_of_another_checkpoint_is_refused(tmp_path):
    folder = checkpoint.save(tmp_path, 3, *trained(), {}, PLAN)
    state = json.loads((folder / "state.json").read_text())
    manifest = json.loads((folder / "MANIFEST.json").read_text())
    (folder / "state.json").write_text(json.dumps(state | {"step": 2}))
    manifest["files"]["state.json"] = file_sha256(folder / "state.json")
    (folder / "MANIFEST.json").write_bytes(json_bytes(manifest))
    refused(folder, "state.json is of another checkpoint")


def test_a_model_of_another_shape_is_refused(tmp_path):
    folder = checkpoint.save(tmp_path, 3, *trained(), {}, PLAN)
    refused(folder, "holds another model or optimiser", model=trained(width=6))


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_files_follow_the_umask(tmp_path, umask):
    before = os.umask(umask)
    try:
        folder = checkpoint.save(tmp_path, 3, *trained(), {}, PLAN)
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o666 & ~umask}
