"""``zhprep compare``."""

from __future__ import annotations

import json
import shutil

import pytest
from command_line import refused, zhprep


@pytest.fixture
def runs(compared):
    return [compared / name for name in ("wwm-s0", "wwm-s1", "char")]


def test_a_table_on_stdout_and_three_files(runs, tmp_path):
    result = zhprep("compare", *runs, "-o", tmp_path / "new" / "report.html")
    assert (result.code, result.err) == (0, "")
    lines = result.out.decode().splitlines()
    assert lines[0].split() == ["score", "metric", "wwm", "baseline", "char", "baseline"]
    table = lines[: lines.index("")]
    shown = [line.split()[:3] for line in table if line.startswith(("held-out", "hidden", "meals"))]
    assert [words[:2] for words in shown if words[:2] in (["held-out", "loss"], ["meals", "accuracy"])] == [
        ["held-out", "loss"], ["meals", "accuracy"],
    ]  # fmt: skip
    assert ["hidden", "words", "loss"] in shown
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"report.html", "results.json", "results.csv"}
    assert "<h2>Learning curves</h2>" in (tmp_path / "new" / "report.html").read_text("utf-8")


def test_results_are_those_of_the_file(runs, tmp_path):
    result = zhprep("compare", *runs, "-o", tmp_path / "report.html", "--json")
    written = json.loads((tmp_path / "results.json").read_bytes())
    assert {name: result.report[name] for name in written} == written
    assert result.report["output"] == str(tmp_path / "report.html")


def test_nothing_is_written_over(runs, tmp_path):
    page = tmp_path / "report.html"
    (tmp_path / "results.csv").write_text("mine")
    refused(zhprep("compare", *runs, "-o", page), 2, "results.csv: is there already", "--overwrite")
    assert not page.exists()
    assert zhprep("compare", *runs, "-o", page, "--overwrite").code == 0
    refused(zhprep("compare", *runs, "-o", tmp_path / "report.txt"), 2, "report.txt", ".html")


def test_what_is_no_run(runs, data, tmp_path):
    refused(zhprep("compare", runs[0], tmp_path), 2, f"{tmp_path}: is not a run of zhprep", "in its runs/")
    refused(zhprep("compare", runs[0], data), 2, f"{data}: holds a table of instances, not a run")
    refused(zhprep("compare", runs[0], runs[0]), 2, "is named twice")
    refused(zhprep("compare", runs[0], runs[0] / "log.jsonl"), 2, "is not a folder")
    refused(zhprep("compare", runs[0].parent / "wmw-s0"), 2, "no such file or folder", "wwm-s0")
    refused(zhprep("compare", *runs, "--sentence", " "), 2, "--sentence is empty")
    unfinished = shutil.copytree(runs[0], tmp_path / "unfinished")
    (unfinished / "manifest.json").unlink()
    refused(zhprep("compare", *runs, unfinished), 2, f"{unfinished}: is unfinished")


@pytest.mark.parametrize("name", ["log.jsonl", "scores.json", "report.json", "plan.json"])
def test_what_was_edited(runs, tmp_path, name):
    edited = shutil.copytree(runs[0], tmp_path / "edited")
    text = (edited / name).read_text("utf-8")
    (edited / name).write_text(text.replace("0", "1", 1), "utf-8")
    refused(zhprep("compare", runs[1], edited), 3, f"{edited / name}: ")
    (edited / name).unlink()
    refused(zhprep("compare", runs[1], edited), 3, f"{edited / name}: is missing")


def test_the_folder_of_a_recipe_stands_for_its_run(runs, tmp_path):
    for number, run in enumerate(runs):
        shutil.copytree(run, tmp_path / f"work-{number}" / "run")
    result = zhprep("compare", *(tmp_path / f"work-{number}" for number in range(3)), "--json", "--quiet")
    assert [run["name"] for run in result.report["runs"]] == ["work-0", "work-1", "work-2"]
    assert [variant["name"] for variant in result.report["variants"]] == ["work", "work-2"]
