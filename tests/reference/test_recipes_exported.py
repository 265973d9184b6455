"""The model of every recipe, exported, loads with transformers where there is no zhprep, and gives the same states."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from training_data import write_vocabulary

from zhprep.export import transformers as export_of
from zhprep.models import model_config
from zhprep.models.checkpoints.files import save_model
from zhprep.models.model import Model, seeded_model
from zhprep.pinyin.syllables import spellings
from zhprep.pretrain.folder import copy_tokenizer
from zhprep.recipes import load_recipe, recipe_names

transformers = pytest.importorskip("transformers")
pytestmark = [pytest.mark.reference, pytest.mark.nightly]
V, N_COARSE = 50, 70
FITTED: dict[str, dict[str, Any]] = {
    "two-granularities": {"coarse_vocab_size": N_COARSE},
    "characters": {"n_characters": 9},
    "pos_tags": {"n_tags": 4},
    "ner_tags": {"n_tags": 4},
    "dep_tags": {"n_tags": 4},
}
"""What a run takes from its data."""
STREAMS = {
    "last_hidden_state": "",
    "encoder_last_hidden_state": "encoder",
    "coarse_last_hidden_state": "coarse",
}

READER = """
import json, os, sys
sys.modules["zhprep"] = None
os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
import inspect
import torch
import transformers
from safetensors.torch import load_file, save_file
for folder in sys.argv[1:]:
    given = load_file(f"{folder}/given.safetensors")
    with torch.inference_mode():
        model = transformers.AutoModel.from_pretrained(folder, trust_remote_code=True).eval()
        taken = inspect.signature(model.forward).parameters
        made = model(**{name: value for name, value in given.items() if name in taken})
        save_file({name: made[name].clone() for name in made if name.endswith("_hidden_state")}, f"{folder}/found")
    named = json.load(open(f"{folder}/config.json"))["architectures"][0]
    if hasattr(transformers, named):
        _, told = getattr(transformers, named).from_pretrained(folder, output_loading_info=True)
        assert all(".pooler." in f".{name}" for name in told["missing_keys"]), (folder, told)
        assert all(name.startswith("zhprep.objectives.") for name in told["unexpected_keys"]), (folder, told)
"""


def model_of(name: str) -> Model:
    """Return the model of the recipe ``name`` with weights that matter everywhere, biases too."""
    section = dict(load_recipe(name, size="tiny")["model"])
    for part, fitted in FITTED.items():
        if part in {*section, *section.get("inputs", ()), *section.get("objectives", ())}:
            section[part] = {**section.get(part, {}), **fitted}
    if section.get("position", {}).get("behind_padding"):
        section["position"] = {"offset": 1}
    model = seeded_model(model_config(section, "tiny", V), 3).eval()
    with torch.no_grad():
        for weight in (weight for weight in model.state_dict().values() if weight.is_floating_point()):
            weight.add_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(2)) * 0.05)
    return model


def batch_of(model: Model) -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(1)
    columns = {
        "input_ids": torch.randint(5, V, (3, 11), generator=draw),
        "attention_mask": torch.arange(11) < torch.tensor([11, 6, 9])[:, None],
        "token_type_ids": (torch.arange(11) > 4).long().repeat(3, 1),
        "lang_ids": (torch.arange(11) > 5).long().repeat(3, 1),
        "pinyin_ids": torch.randint(0, len(spellings()), (3, 11), generator=draw),
        "coarse_input_ids": torch.randint(5, N_COARSE, (3, 7), generator=draw),
        "coarse_attention_mask": torch.arange(7) < torch.tensor([7, 7, 3])[:, None],
        "labels": torch.randint(5, V, (3, 8), generator=draw),
    }
    read = {*model.columns, "input_ids", "attention_mask"}
    read |= {"coarse_attention_mask"} if "coarse_input_ids" in read else set()
    read |= {"labels"} if "decoder" in model.body.gives else set()
    read -= set() if "language" in model.config.inputs else {"lang_ids"}  # data of one language have none
    return {name: column for name, column in columns.items() if name in read}


def equal(name: str, model: Model, found: dict[str, torch.Tensor]) -> None:
    """Assert that the states that were ``found`` of every stream are those of the model."""
    batch = batch_of(model)
    for told, states in found.items():
        stream = STREAMS[told] or ("decoder" if "decoder" in model.body.gives else "")
        with torch.no_grad():
            ours = model.encode(batch, stream).hidden_states
        padded = {"coarse": "coarse_attention_mask", "decoder": ""}.get(stream, "attention_mask")
        real = batch.get(padded, torch.ones(states.shape[:2], dtype=torch.bool))
        assert torch.allclose(states[real], ours[real], rtol=1e-5, atol=1e-5), (name, told)


def test_every_recipe_loads_where_there_is_no_zhprep(tmp_path: Path) -> None:
    vocabulary, models = write_vocabulary(tmp_path / "vocabulary"), {}
    for name in recipe_names():
        models[name] = model = model_of(name)
        save_model(model, tmp_path / name / "run")
        copy_tokenizer(vocabulary, tmp_path / name / "run")
        export_of.export(tmp_path / name / "run", tmp_path / name)
        given = batch_of(model)
        if "labels" in given:
            given["decoder_input_ids"] = model.body.given(given.pop("labels"))
        safetensors.torch.save_file(given, tmp_path / name / "given.safetensors")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_MODULES_CACHE": str(tmp_path / "modules")}
    command = [sys.executable, "-c", READER, *(str(tmp_path / name) for name in models)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name, model in models.items():
        equal(name, model, safetensors.torch.load_file(tmp_path / name / "found"))
