"""Every recipe at ``tiny``: tokens a second and memory of its training, beside transformers' class where there is one.

A process each, by turns, one thread, processor time; data and weights are those of ``zhprep run RECIPE`` on the sample.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from racing import Race

from zhprep.cli import invoke
from zhprep.core.errors import UsageError
from zhprep.recipes import load_recipe, recipe_names

SHARED = ("bert-", "macbert-", "roberta-", "rbt")
"""Variants of recipes whose model and batches are those of others here."""
NAMES = [name for name in recipe_names() if "model" in load_recipe(name) and not name.startswith(SHARED)]
FEWER = """
base = "{name}"
[sizes.tiny.vocab]
size = 3000
[sizes.tiny.pretrain]
steps = 1
warmup = 1
phases = []
"""
TURNS = 3
PEERS = ("bert", "roberta", "albert", "modernbert", "bart", "t5")
"""Model types that transformers has a class for which takes labels."""


def measured(who: str, folder: Path, recipe: str) -> dict[str, float]:
    """Return what one process took."""
    script = Path(__file__).parent / "recipe_steps.py"
    done = subprocess.run([sys.executable, str(script), who, str(folder), recipe], capture_output=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def peer_of(run: Path) -> str:
    """Return the class of transformers that the run is saved as, "" if it is one of ours."""
    described = json.loads((run / "config.json").read_bytes())
    return str(described["architectures"][0]) if described["model_type"] in PEERS else ""


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe(race: Race, name: str, tmp_path: Path) -> None:
    (tmp_path / "fewer.toml").write_text(FEWER.format(name=name), "utf-8")
    recipe, folder = str(tmp_path / "fewer.toml"), tmp_path / "work"
    corpus = str(ROOT / "sample_data" / "corpus" / "news.txt")
    try:
        invoke(["run", recipe, corpus, "--size", "tiny", "-o", str(folder), "--quiet"])
    except UsageError as error:  # a recipe that wants a tagger's file, or text in two languages
        pytest.skip(str(error))
    peer = peer_of(folder / "run")
    found: dict[str, list[dict[str, float]]] = {"zhprep": [], "transformers": []}
    for _ in range(TURNS):
        for who in found if peer else ("zhprep",):
            found[who].append(measured(who, folder, recipe))
    speed = {who: max(one["tokens_per_second"] for one in turns) for who, turns in found.items() if turns}
    peak = {who: min(one["peak_mib"] for one in turns) for who, turns in found.items() if turns}
    what = f"pretrain {name}, tiny, {peak['zhprep']:.0f} MiB"
    if not peer:
        race.add(what, "nobody", speed["zhprep"], math.nan, "tok/s")
        return
    beside = f"transformers {peer}, {peak['transformers']:.0f} MiB"
    assert race.add(what, beside, speed["zhprep"], speed["transformers"], "tok/s") >= 1
