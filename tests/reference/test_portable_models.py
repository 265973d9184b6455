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

from zhprep.models import STACKS, model_config
from zhprep.models.blocks.stacks.separate import SeparateLayers
from zhprep.models.checkpoints.files import load_model, save_model
from zhprep.models.checkpoints.zhprep import CODE
from zhprep.models.model import Model, seeded_model
from zhprep.pinyin.syllables import spellings
from zhprep.pretrain.folder import MODEL, copy_tokenizer
from zhprep.recipes import load_recipe

pytest.importorskip("transformers")
NANO = {"num_hidden_layers": 2, "hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 64}
V, N_COARSE = 50, 70
SAID = {"mlm", "mlm:coarse", "lm"}
"""Objectives whose heads the classes beside the weights have."""

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
        for which in ("", "coarse_", "decoder_"):
            seen = made.get(f"{which}hidden_states") or ()
            found |= {f"{which}layer{number}": states.clone() for number, states in enumerate(seen)}
            named = ((f"{which}states", f"{which}last_hidden_state"), (f"{which}rows", f"{which}pooler_output"))
            found |= {name: made[key].clone() for name, key in named if key in made}
        if "pinyin_ids" in given:
            letters = load_file(f"{folder}/model.safetensors")["body.embeddings.inputs.pinyin.spellings"]
            spelt = given | {"pinyin_ids": letters[given["pinyin_ids"]]}
            found["spelt"] = model(**spelt).last_hidden_state.clone()
        for kind in ("AutoModelForMaskedLM", "AutoModelForCausalLM"):
            if kind in kinds:
                asked = getattr(transformers, kind).from_pretrained(folder, trust_remote_code=True).eval()
                texts = {name: ids for name, ids in given.items() if name in ("input_ids", "coarse_input_ids")}
                labels = {name.replace("input_ids", "labels"): ids for name, ids in texts.items()}
                told = asked(**given, **labels)
                found |= {name: told[name].clone() for name in ("loss", "logits", "coarse_logits") if name in told}
                if folder == sys.argv[1]:
                    asked.save_pretrained(f"{folder}/again")
                    again = transformers.AutoModel.from_pretrained(f"{folder}/again", trust_remote_code=True).eval()
                    found["again"] = again(**given).last_hidden_state
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    found["ids"] = torch.tensor(tokenizer("我在北京喝茶。")["input_ids"])
    save_file(found, f"{folder}/found.safetensors")
"""


def two_granularities(recipe: str, **others: Any) -> dict[str, Any]:
    """Return the section of ``recipe`` with few coarse tokens."""
    section = load_recipe(recipe)["model"]
    few = {"two-granularities": {**section["two-granularities"], "coarse_vocab_size": N_COARSE}}
    return {**section, **few, **others}


CLASSES = {"adaptive": {"cutoffs": [20], "div_value": 2.0}}
BUCKETS = {"num_buckets": 8, "max_distance": 9}
SECTIONS: dict[str, dict[str, Any]] = {
    "chinesebert": {
        **load_recipe("chinesebert")["model"], "glyph": {"glyph_embedding_dim": 12},
    },
    "zh-modern with RMS norms": {**load_recipe("zh-modern")["model"], "norm": "rms", "local_attention": 4},
    "lm-hybrid": {**load_recipe("lm-hybrid")["model"], "characters": {"n_characters": 9}},
    "tlm": load_recipe("tlm")["model"],
    "tlm with rotary positions": {**load_recipe("tlm")["model"], "rotary_theta": 100.0},
    "ambert": two_granularities("ambert"),
    "ambert-combo": two_granularities("ambert-combo", norm_position="pre"),
    "ambert-hybrid": two_granularities("ambert-hybrid", rotary_theta=100.0),
    "words in classes": {**load_recipe("word")["model"], "sampled_tokens": 0, "output": "adaptive", **CLASSES},
    "by distance": {
        "stack": "relative", "inputs": ["token"], "norm_position": "pre", "relative": BUCKETS, "objectives": ["mlm"],
        "inner_dropout": 0.1, "embedding_norm": False,
    },
    "electra with RMS norms": {**load_recipe("electra")["model"], "norm": "rms"},
    "bart with RMS norms": {**load_recipe("bart")["model"], "norm": "rms", "position": {"offset": 0}},
    "t5 of two norms": {**load_recipe("t5")["model"], "norm": "layer", "relative": BUCKETS, "bias": True},
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
        "coarse_input_ids": torch.randint(5, N_COARSE, (3, 7), generator=draw),
        "coarse_attention_mask": torch.arange(7) < torch.tensor([7, 7, 3])[:, None],
        "coarse_token_type_ids": (torch.arange(7) > 2).long().expand(3, 7),
        "labels": torch.randint(5, V, (3, 8), generator=draw),
    }
    read = {*model.columns, "attention_mask"}
    read |= {"coarse_attention_mask"} if "coarse_input_ids" in read else set()
    read |= {"labels"} if "decoder" in model.body.gives else set()
    return {name: tensor.contiguous() for name, tensor in columns.items() if name in read}


def given_to(model: Model) -> dict[str, torch.Tensor]:
    """Return the batch as the class beside the weights takes it."""
    batch = batch_of(model)
    if "labels" in batch:
        batch["decoder_input_ids"] = model.body.given(batch.pop("labels"))
    return batch


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Model]]:
    """Every model saved, and what a process without zhprep makes of it, in ``found.safetensors``."""
    made = {}
    vocabulary = write_vocabulary(tmp_path_factory.mktemp("vocabulary"))
    for name, section in SECTIONS.items():
        described = model_config({**section, "format": "zhprep", "sizes": {"nano": NANO}}, "nano", V)
        model = seeded_model(described, 3).eval()
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
        safetensors.torch.save_file(given_to(model), folder / "given.safetensors")
        made[name] = folder, model
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_MODULES_CACHE": str(tmp_path_factory.mktemp("modules"))}
    command = [sys.executable, "-c", READER, *(str(folder) for folder, _ in made.values())]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "newly initialized" not in done.stderr
    assert "MISSING" not in done.stderr
    return made


def compared(found: dict[str, torch.Tensor], which: str, model: Model, stream: str) -> None:
    """Assert that states and scores of a stream, whose names begin with ``which`` in ``found``, are ours."""
    batch = batch_of(model)
    with torch.no_grad():
        ours = model.encode(batch, stream, all_layers=True)
    real = batch.get(f"{which}attention_mask", torch.ones(ours.hidden_states.shape[:2], dtype=torch.bool))
    torch.testing.assert_close(found[f"{which}states"][real], ours.hidden_states[real], rtol=1e-5, atol=1e-5)
    assert len(ours.layers) == 3
    for number, states in enumerate(ours.layers):
        torch.testing.assert_close(found[f"{which}layer{number}"][real], states[real], rtol=1e-5, atol=1e-5)
    if which != "decoder_":
        torch.testing.assert_close(found[f"{which}rows"], ours.row_states, rtol=1e-5, atol=1e-5)
    for head in (part.head for name, part in model.parts.items() if name in SAID and model.reads[name] == stream):
        with torch.no_grad():
            logits = head(ours.hidden_states, ours.token_table)
        torch.testing.assert_close(found[f"{which}logits"][real], logits[real], rtol=1e-5, atol=1e-5)


def test_losses_are_sums_of_both_and_of_what_comes_next(folders) -> None:
    for name in ("ambert", "lm-hybrid"):
        folder, _ = folders[name]
        found, given = (safetensors.torch.load_file(folder / f"{part}.safetensors") for part in ("found", "given"))
        late = 1 if name == "lm-hybrid" else 0
        expected = torch.nn.functional.cross_entropy(
            found["logits"][:, : 11 - late].flatten(0, 1), given["input_ids"][:, late:].flatten()
        )
        if "coarse_logits" in found:
            expected += torch.nn.functional.cross_entropy(
                found["coarse_logits"].flatten(0, 1), given["coarse_input_ids"].flatten()
            )
        torch.testing.assert_close(found["loss"], expected)


@pytest.mark.parametrize("name", SECTIONS)
def test_a_folder_loads_without_zhprep_and_gives_the_same_states(folders, name: str) -> None:
    folder, model = folders[name]
    found = safetensors.torch.load_file(folder / "found.safetensors")
    streams = {"": model.body.main, **{f"{name}_": name for name in ("coarse", "decoder") if name in model.body.gives}}
    for which, stream in streams.items():
        compared(found, which, model, stream)
    assert found["ids"].tolist()[0] == 2
    assert len(found["ids"]) == 9


@pytest.mark.parametrize("name", SECTIONS)
def test_config_names_no_class_that_it_is_not(folders, name: str) -> None:
    folder, model = folders[name]
    described = json.loads((folder / "config.json").read_text())
    assert described["model_type"] == "zhprep"
    assert described["auto_map"]["AutoModel"] == "modeling_zhprep.ZhprepModel"
    masked = "mlm" in model.objectives and model.reads["mlm"] == model.body.main
    assert ("AutoModelForMaskedLM" in described["auto_map"]) == masked
    assert ("AutoModelForCausalLM" in described["auto_map"]) == ("lm" in model.objectives)
    assert set(CODE) <= set(MODEL)  # files that a run is verified by
    again = load_model(folder)
    assert all(torch.equal(weight, again.state_dict()[key]) for key, weight in model.state_dict().items())


def test_letters_stand_for_syllables(folders) -> None:
    """What ChineseBERT's reader gives, [B, L, 8], and what zhprep's data hold, [B, L], are the same to the model."""
    folder, _ = folders["chinesebert"]
    stored, found = (safetensors.torch.load_file(folder / f"{name}.safetensors") for name in ("model", "found"))
    assert np.array_equal(stored["body.embeddings.inputs.pinyin.spellings"].numpy(), spellings())
    assert torch.equal(found["spelt"], found["states"])


def test_what_transformers_saves_loads_again(folders) -> None:
    found = safetensors.torch.load_file(folders[next(iter(SECTIONS))][0] / "found.safetensors")
    assert torch.equal(found["again"], found["states"])


class OwnLayers(SeparateLayers):
    """A part that the files beside the weights do not know."""


def test_what_is_not_known_beside_the_weights_is_said_to_be_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(STACKS, "own", OwnLayers)
    config = dataclasses.replace(model_config({"sizes": {"nano": NANO}}, "nano", V), stack="own", inputs=("token",))
    run = write_vocabulary(tmp_path / "run")
    save_model(seeded_model(dataclasses.replace(config, format="zhprep"), 1), run)
    described = json.loads((run / "config.json").read_text())
    assert described["architectures"] == ["zhprep.models.checkpoints.files.load_model"]
    assert "auto_map" not in described
    assert not (run / "modeling_zhprep.py").exists()
    result = zhprep("export", run, "--to", "transformers", "-o", tmp_path / "out")
    refused(result, 2, "transformers has no class for a model with the body 'single', the stack 'own'", "load_model")
    assert not (tmp_path / "out").exists()
