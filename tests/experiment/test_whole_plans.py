"""Every plan that travels with zhprep, run whole: very small, on a few KB, one seed and few steps.

As many as make the tokens of variants equal within what ``compare`` takes for equal (5 %): two do not.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from command_line import zhprep

from zhprep.experiment.plan import plan_names

STEPS = 40
PLANS = Path(__file__).parents[2] / "zhprep" / "experiment" / "plans"
SMALL: dict[str, dict[str, Any]] = {
    "vocab": {"size": 1200},
    "instances": {"max_length": 64, "validation_fraction": 0.2},
    "model": {
        "sizes": {
            "tiny": {
                "num_hidden_layers": 2,
                "hidden_size": 32,
                "num_attention_heads": 2,
                "intermediate_size": 64,
            }
        }
    },
    "pretrain": {"batch_size": 4, "threads": 1},
    "evaluate": {"seeds": [0], "epochs": 1, "max_length": 32},
}
"""Settings of all variants of every plan."""


def merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    both = {name: (below[name], above[name]) for name in below.keys() & above.keys()}
    inner = {name: merged(*pair) if isinstance(pair[0], dict) else pair[1] for name, pair in both.items()}
    return {**below, **above, **inner}


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)} = {toml(one)}" for name, one in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


@pytest.mark.nightly
@pytest.mark.parametrize("name", plan_names())
def test_a_shipped_plan_runs_whole(name, sample_data, tmp_path):
    plan = tomllib.loads((PLANS / f"{name}.toml").read_text("utf-8"))
    plan["common"] = merged(plan.get("common", {}), SMALL)
    file = tmp_path / f"{name}.toml"
    file.write_text("".join(f"{key} = {toml(value)}\n" for key, value in plan.items()), "utf-8")
    text = (sample_data / "corpus" / "news.txt").read_text("utf-8")
    (tmp_path / "corpus.txt").write_text(text[: text.index("\n\n", 3000)] + "\n", "utf-8")
    task = tmp_path / "topic"
    task.mkdir()
    for part, rows in (("train", 12), ("dev", 6)):
        lines = (sample_data / "tasks" / "topic" / f"{part}.jsonl").read_text("utf-8").splitlines(keepends=True)
        (task / f"{part}.jsonl").write_text("".join(lines[:rows]), "utf-8")
    grid = (
        "--size",
        "tiny",
        "--seeds",
        0,
        "--steps",
        STEPS,
        "--task",
        task,
        "-o",
        tmp_path / "made",
        "--json",
        "--quiet",
    )
    result = zhprep("experiment", file, tmp_path / "corpus.txt", *grid)
    assert result.code == 0, result.err
    report = json.loads((tmp_path / "made" / "results.json").read_text("utf-8"))
    assert {run["variant"] for run in report["runs"]} == {f"{variant} tiny" for variant in plan["variants"]}
    assert list(result.report["results"]) == [f"{variant} tiny" for variant in plan["variants"]]
    assert all(0 <= scores["topic"]["mean"] <= 1 for scores in result.report["results"].values())
