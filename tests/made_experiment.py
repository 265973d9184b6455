"""A small experiment on the sample data, and what it made."""

from __future__ import annotations

from pathlib import Path

SMALL = """[common.vocab]
size = 1200
[common.instances]
max_length = 32
validation_fraction = 0.2
[common.model.sizes]
tiny = { num_hidden_layers = 1, hidden_size = 32, num_attention_heads = 2, intermediate_size = 64 }
[common.pretrain]
batch_size = 4
threads = 1
"""
"""What all models of a small plan have in common; more of ``[common.pretrain]`` may follow."""

PLAN = f"""
title = "A trial"
[grid]
sizes = ["tiny"]
seeds = [0]
[budget]
steps = STEPS
{SMALL}checkpoint_every = 50
[variants.char]
base = "bert"
[variants.wwm]
base = "bert-wwm"
[variants.macbert]
base = "macbert-no-ngram"
"""
NAMES = ["char-tiny-seed0", "wwm-tiny-seed0", "macbert-tiny-seed0"]


def line(here: Path, sample_data: Path, steps: int, *variants: str) -> list[object]:
    """Return the command line of an experiment with these variants, all but its output."""
    plan = PLAN.replace("STEPS", str(steps))
    kept = [part for part in plan.split("[variants.") if part.partition("]")[0] in variants or "title" in part]
    (here / "plan.toml").write_text("[variants.".join(kept), encoding="utf-8")
    return ["experiment", here / "plan.toml", sample_data / "corpus" / "news.txt"]


def on(address: str) -> list[str]:
    """Return the flags that spread it over the cluster at ``address``."""
    return ["--executor", "ray", "--ray-address", address]


def weights(folder: Path) -> dict[str, bytes]:
    """Return the file of weights of each run."""
    return {path.parent.name: path.read_bytes() for path in sorted(folder.glob("runs/*/model.safetensors"))}
