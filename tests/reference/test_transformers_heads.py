"""Models that are a BERT with heads of other papers: transformers reads the encoder, we read all of it again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from zhprep.models import model_config
from zhprep.models.checkpoints.files import load_model, save_model
from zhprep.models.model import Model, seeded_model
from zhprep.recipes import load_recipe

transformers = pytest.importorskip("transformers")
NANO = {"num_hidden_layers": 2, "hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 64}
CLASSES = {
    "lert": "BertForMaskedLM",
    "infoword": "BertForMaskedLM",
    "spanbert": "BertForMaskedLM",
    "pert": "BertModel",
    "simcse": "BertModel",
}


def model_of(recipe: str) -> Model:
    tags = {f"{kind}_tags": {"n_tags": 5} for kind in ("pos", "ner", "dep")} if recipe == "lert" else {}
    section = {**load_recipe(recipe)["model"], **tags, "sizes": {"nano": NANO}}
    return seeded_model(model_config(section, "nano", 60), 3).eval()


@pytest.mark.parametrize("recipe", CLASSES)
def test_the_encoder_is_that_of_bert_and_the_heads_come_back(recipe: str, tmp_path: Path) -> None:
    model = model_of(recipe)
    save_model(model, tmp_path)
    described = json.loads((tmp_path / "config.json").read_text())
    assert (described["model_type"], described["architectures"]) == ("bert", [CLASSES[recipe]])
    ids = torch.randint(5, 60, (3, 11), generator=torch.Generator().manual_seed(1))
    mask = torch.arange(11) < torch.tensor([11, 6, 9])[:, None]
    ours = model.encode({"input_ids": ids, "attention_mask": mask})
    given = {"input_ids": ids, "attention_mask": mask.long()}
    theirs = transformers.AutoModel.from_pretrained(tmp_path).eval()
    with torch.inference_mode():
        states = theirs(**given).last_hidden_state
        torch.testing.assert_close(states[mask], ours.hidden_states[mask], rtol=1e-5, atol=1e-5)
        if "mlm" in model.objectives:
            asked = transformers.AutoModelForMaskedLM.from_pretrained(tmp_path).eval()
            logits = model.objectives["mlm"].head(ours.hidden_states, ours.token_table)
            torch.testing.assert_close(asked(**given).logits[mask], logits[mask], rtol=1e-5, atol=1e-5)
    again = load_model(tmp_path)
    assert all(torch.equal(weight, again.state_dict()[name]) for name, weight in model.state_dict().items())
    assert again.config == model.config
