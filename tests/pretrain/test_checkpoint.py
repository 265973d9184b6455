from __future__ import annotations

import json

import pytest
import torch
from torch import nn

from zhprep.core.errors import DataError
from zhprep.pretrain import checkpoint
from zhprep.pretrain.optimisers.adamw import adamw


def trained(seed: int = 0, steps: int = 3) -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.Linear(8, 2))
    optimiser = adamw([{"params": list(model.parameters()), "weight_decay": 0.1}], 0.01)
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
    folder = checkpoint.save(tmp_path, 3, model, optimiser, {"seed": 9})
    other, its_optimiser = trained(seed=1, steps=1)
    assert checkpoint.restore(folder, other, its_optimiser) == {"seed": 9, "step": 3}
    assert same(other.state_dict(), model.state_dict())
    assert same(its_optimiser.state_dict()["state"], optimiser.state_dict()["state"])


def test_files_are_those_of_the_manifest(tmp_path):
    folder = checkpoint.save(tmp_path, 3, *trained(), {})
    names = {path.name for path in folder.iterdir()} - {"MANIFEST.json"}
    assert names == {"model.safetensors", "optimizer.safetensors", "state.json"}
    assert json.loads((folder / "MANIFEST.json").read_text()) == {
        name: checkpoint.sha256(folder / name) for name in names
    }


@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.safetensors", "state.json"])
def test_a_file_that_changed_is_refused(tmp_path, name):
    folder = checkpoint.save(tmp_path, 3, *trained(), {})
    raw = bytearray((folder / name).read_bytes())
    raw[-2] ^= 1
    (folder / name).write_bytes(raw)
    with pytest.raises(DataError, match=f"{name} is damaged"):
        checkpoint.restore(folder, *trained())


def test_what_was_being_written_is_no_checkpoint(tmp_path):
    checkpoint.save(tmp_path, 9, *trained(), {})
    checkpoint.save(tmp_path, 10, *trained(), {})
    (tmp_path / "step-11.tmp").mkdir()
    (tmp_path / "step-x").mkdir()
    assert [path.name for path in checkpoint.checkpoints(tmp_path)] == ["step-9", "step-10"]
    checkpoint.save(tmp_path, 11, *trained(), {})
    checkpoint.prune(tmp_path, 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-10", "step-11", "step-x"]
