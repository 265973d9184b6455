"""Every recipe at ``tiny``: tokens a second and memory of its training, beside transformers' class where there is one.

A process each, by turns, one thread, processor time; data and weights are those of ``zhprep run RECIPE`` on the sample,
for TLM of sentences put together, for LERT with jieba's tags.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from made_pairs import write_pairs
from made_tags import write_tags
from racing import Race
from recipe_steps import PEERS

from zhprep.cli import invoke
from zhprep.recipes import load_recipe, recipe_names

FEWER = """
base = "{name}"
{initial}
[sizes.tiny.vocab]
size = 3000
[sizes.tiny.pretrain]
steps = 1
warmup = 1
phases = []
"""
TURNS = 3
CORPUS = ROOT / "sample_data" / "corpus" / "news.txt"


def measured(who: str, folder: Path, recipe: Path) -> dict[str, float]:
    """Return what one process took."""
    script = Path(__file__).parent / "recipe_steps.py"
    done = subprocess.run([sys.executable, str(script), who, str(folder), str(recipe)], capture_output=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def peer_of(run: Path) -> str:
    """Return the class of transformers that does all that the run is trained on, "" if there is none."""
    described = json.loads((run / "config.json").read_bytes())
    body, objectives = described["zhprep"]["body"], set(described["zhprep"]["objectives"])
    theirs = described["model_type"] != "zhprep" and objectives <= PEERS.get(body, set())
    return str(described["architectures"][0]) if theirs else ""


def fewer(name: str, tmp_path: Path) -> Path:
    """Write the recipe with one step, and that of the model it begins with, if there is one."""
    initial = ""
    if first := load_recipe(name, size="tiny").get("initial"):
        initial = f'initial = {{ recipe = "{fewer(first["recipe"], tmp_path)}" }}'
    (tmp_path / f"{name}.toml").write_text(FEWER.format(name=name, initial=initial), "utf-8")
    return tmp_path / f"{name}.toml"


def inputs_of(name: str, tmp_path: Path) -> list[str]:
    """Return the text of the recipe, and a tagger's file where it learns tags."""
    recipe = load_recipe(name, size="tiny")
    if recipe["instances"].get("format") == "tlm":
        return [str(write_pairs(tmp_path / "pairs.tsv"))]
    if "pos_tags" not in recipe["model"]["objectives"]:
        return [str(CORPUS)]
    text = tmp_path / "text.arrow"
    invoke(["normalize", str(CORPUS), "-o", str(text), "--quiet"])
    return [str(text), "--tags", str(write_tags(text, tmp_path / "tags.jsonl"))]


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe(race: Race, name: str, tmp_path: Path) -> None:
    recipe, folder = fewer(name, tmp_path), tmp_path / "work"
    invoke(["run", str(recipe), *inputs_of(name, tmp_path), "--size", "tiny", "-o", str(folder), "--quiet"])
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
