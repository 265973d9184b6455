#!/usr/bin/env bash
# transformers 5.23.0: resize_token_embeddings of a T5 1.1 (or mT5) whose output table is a weight of its own, as in all released ones.
# Expected: both tables grow and keep their rows: entries are added to a vocabulary every day, the more for Chinese.
# Seen: from_pretrained reads the two tables and computes with them, and asks that the config say tie_word_embeddings = False, which it
# does: T5Config makes it True whatever its file says. Resizing then ties what is said to be tied: the input's table stands in the
# place of the output's, and nothing is said of that.
# In zhprep: entries are taken over table by table, by what they spell; a T5 1.1 that was saved fresh, which has a single table in its
# file, begins with two that are equal (tests/reference/test_transformers_writers.py).
source "$(dirname "$0")/common.sh"
packages torch==2.13.0 transformers==5.23.0 safetensors==0.8.0
observe <<'PYTHON'
import json
import logging
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file

transformers.logging.set_verbosity(logging.WARNING)
sizes = {"vocab_size": 64, "d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2}
config = transformers.T5Config(**sizes, feed_forward_proj="gated-gelu", tie_word_embeddings=False)
transformers.T5ForConditionalGeneration(config).save_pretrained("released")

# As released models of 1.1 are: two tables, and a config that says so.
weights = load_file("released/model.safetensors")
weights["lm_head.weight"] = torch.randn(64, 16, generator=torch.Generator().manual_seed(1))
save_file(weights, "released/model.safetensors", metadata={"format": "pt"})
described = json.loads(Path("released/config.json").read_text())
Path("released/config.json").write_text(json.dumps(described | {"tie_word_embeddings": False}))

model = transformers.T5ForConditionalGeneration.from_pretrained("released")
loaded = torch.equal(model.lm_head.weight, weights["lm_head.weight"])
print("output table after loading is the file's:", loaded, "| config says tied:", model.config.tie_word_embeddings)
model.resize_token_embeddings(70)
kept = torch.equal(model.lm_head.weight[:64], weights["lm_head.weight"])
print("… and after resizing to 70 entries:", kept, "| it is the input's:", model.lm_head.weight is model.shared.weight)
assert loaded and model.config.tie_word_embeddings
assert not kept and model.lm_head.weight is model.shared.weight
PYTHON
