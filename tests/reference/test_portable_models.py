"""Folders of models that transformers has no class for load with AutoModel alone, and give the same states.

The folder is read by a process in which zhprep cannot be imported, without a network.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from command_line import refused, zhprep
from training_data import write_vocabulary

from zhprep.models import model_config
from zhprep.models.checkpoints.files import load_model, save_model
from zhprep.models.model import Model, seeded_model
from zhprep.pinyin.syllables import spellings
from zhprep.pretrain.folder import copy_tokenizer
from zhprep.recipes import load_recipe

pytest.importorskip("transformers")
NANO = {"num_hidden_layers": 2, "hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 64}
V = 50

READER = """
import json, os, sys
sys.modules["zhprep"] = None  # importing it is an error
os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
import torch
import transformers
from safetensors.torch import load_file, save_file
for folder in sys.argv[1:]:
    given = load_file(f"{folder}/given.safetensors")
    found, kinds = {}, json.load(open(f"{folder}/config.json"))["auto_map"]
    with torch.inference_mode():
        model = transformers.AutoModel.from_pretrained(folder, trust_remote_code=True).eval()
        made = model(**given, output_hidden_states=True)
        found |= {f"layer{number}": states.contiguous() for number, states in enumerate(made.hidden_states)}
        if "pinyin_ids" in given:
            letters = load_file(f"{folder}/model.safetensors")["body.embeddings.inputs.pinyin.spellings"]
            spelt = given | {"pinyin_ids": letters[given["pinyin_ids"]]}
            found["spelt"] = model(**spelt).last_hidden_state.clone()
        found["states"] = made.last_hidden_state.clone()
        if "AutoModelForMaskedLM" in kinds:
            asked = transformers.AutoModelForMaskedLM.from_pretrained(folder, trust_remote_code=True).eval()
            found["logits"] = asked(**given).logits
            asked.save_pretrained(f"{folder}/again")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    found["ids"] = torch.tensor(tokenizer("我在北京喝茶。")["input_ids"])
    save_file(found, f"{folder}/found.safetensors")
"""

SECTIONS: dict[str, dict[str, Any]] = {
    "chinesebert": {
        **load_recipe("chinesebert")["model"], "glyph": {"glyph_embedding_dim": 12},
    },
    "zh-modern with RMS norms": {**load_recipe("zh-modern")["model"], "norm": "rms", "local_attention": 4},
    "lm-hybrid": {**load_recipe("lm-hybrid")["model"], "characters": {"n_characters": 9}},
    "tlm": load_recipe("tlm")["model"],
    "albert with gates": {
        **load_recipe("albert")["model"], "activation": "swiglu", "embedding_size": 16, "objectives": ["mlm"],
        "shared": {"sharing": "attention"},
    },
    "one layer for all": {"stack": "shared", "activation": "silu", "objectives": ["mlm", "next_sentence"]},
}  # fmt: skip


def batch_of(model: Model) -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(1)
    shape = (3, 11)
    columns = {
        "input_ids": torch.randint(5, V, shape, generator=draw),
        "attention_mask": torch.arange(11) < torch.tensor([11, 6, 9])[:, None],
        "token_type_ids": (torch.arange(11) > 4).long().expand(shape),
        "lang_ids": (torch.arange(11) > 5).long().expand(shape),
        "pinyin_ids": torch.randint(0, len(spellings()), shape, generator=draw),
    }
    read = {*model.columns, "attention_mask"}
    return {name: tensor.contiguous() for name, tensor in columns.items() if name in read}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Model]]:
    """Every model saved, and what a process without zhprep makes of it, in ``found.safetensors``."""
    made = {}
    vocabulary = write_vocabulary(tmp_path_factory.mktemp("vocabulary"))
    for name, section in SECTIONS.items():
        model = seeded_model(model_config({**section, "sizes": {"nano": NANO}}, "nano", V), 3).eval()
        with torch.no_grad():
            for weight in model.state_dict().values():
                if weight.is_floating_point():
                    weight.add_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(2)) * 0.05)
                elif weight.shape == (V, 8):
                    weight.copy_(torch.randint(0, 9, weight.shape, generator=torch.Generator().manual_seed(3)))
        run, folder = (tmp_path_factory.mktemp(name.replace(" ", "-")) / part for part in ("run", "out"))
        save_model(model, run)
        copy_tokenizer(vocabulary, run)
        result = zhprep("export", run, "--to", "transformers", "-o", folder)
        assert result.code == 0, result.err
        safetensors.torch.save_file(batch_of(model), folder / "given.safetensors")
        made[name] = folder, model
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_MODULES_CACHE": str(tmp_path_factory.mktemp("modules"))}
    command = [sys.executable, "-c", READER, *(str(folder) for folder, _ in made.values())]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "newly initialized" not in done.stderr
    assert "MISSING" not in done.stderr
    return made


@pytest.mark.parametrize("name", SECTIONS)
def test_a_folder_loads_without_zhprep_and_gives_the_same_states(folders, name: str) -> None:
    folder, model = folders[name]
    found = safetensors.torch.load_file(folder / "found.safetensors")
    batch = batch_of(model)
    with torch.no_grad():
        ours = model.encode(batch, all_layers=True)
    real = batch["attention_mask"]
    torch.testing.assert_close(found["states"][real], ours.hidden_states[real], rtol=1e-5, atol=1e-5)
    for number, states in enumerate(ours.layers):
        torch.testing.assert_close(found[f"layer{number}"][real], states[real], rtol=1e-5, atol=1e-5)
    if "mlm" in model.objectives:
        with torch.no_grad():
            logits = model.objectives["mlm"].head(ours.hidden_states, ours.token_table)
        torch.testing.assert_close(found["logits"][real], logits[real], rtol=1e-5, atol=1e-5)
    assert found["ids"].tolist()[0] == 2
    assert len(found["ids"]) == 9


@pytest.mark.parametrize("name", SECTIONS)
def test_config_names_no_class_that_it_is_not(folders, name: str) -> None:
    folder, model = folders[name]
    described = json.loads((folder / "config.json").read_text())
    assert described["model_type"] == "zhprep"
    assert described["auto_map"]["AutoModel"] == "modeling_zhprep.ZhprepModel"
    assert ("AutoModelForMaskedLM" in described["auto_map"]) == ("mlm" in model.objectives)
    again = load_model(folder)
    assert all(torch.equal(weight, again.state_dict()[key]) for key, weight in model.state_dict().items())


def test_letters_stand_for_syllables(folders) -> None:
    """What ChineseBERT's reader gives, [B, L, 8], and what zhprep's data hold, [B, L], are the same to the model."""
    folder, _ = folders["chinesebert"]
    stored, found = (safetensors.torch.load_file(folder / f"{name}.safetensors") for name in ("model", "found"))
    assert np.array_equal(stored["body.embeddings.inputs.pinyin.spellings"].numpy(), spellings())
    assert torch.equal(found["spelt"], found["states"])


def test_what_is_not_known_beside_the_weights_is_said_to_be_ours(tmp_path: Path) -> None:
    config = dataclasses.replace(
        model_config({"sizes": {"nano": NANO}}, "nano", V), stack="relative", inputs=("token",)
    )
    run = write_vocabulary(tmp_path / "run")
    save_model(seeded_model(dataclasses.replace(config, format="zhprep"), 1), run)
    described = json.loads((run / "config.json").read_text())
    assert described["architectures"] == ["zhprep.models.checkpoints.files.load_model"]
    assert "auto_map" not in described
    assert not (run / "modeling_zhprep.py").exists()
    result = zhprep("export", run, "--to", "transformers", "-o", tmp_path / "out")
    refused(
        result, 2, "transformers has no class for a model with the body 'single', the stack 'relative'", "load_model"
    )
    assert not (tmp_path / "out").exists()
