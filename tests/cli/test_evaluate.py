"""``zhprep evaluate``."""

from __future__ import annotations

import json
import re
import shutil

from command_line import refused, zhprep


def test_intrinsic_figures_and_a_task(run, small_task, tmp_path):
    folder = shutil.copytree(run, tmp_path / "run")
    flags = ("--epochs", 1, "--seeds", "0,1", "--threads", 1)
    result = zhprep("evaluate", folder, "--task", small_task, *flags, "--json", "--quiet")
    assert (result.code, result.err) == (0, "")
    assert {"loss", "accuracy", "bits_per_character", "unigram_loss"} <= set(result.report["intrinsic"])
    assert len(result.report["tasks"]["topic"]["accuracy"]["values"]) == 2
    assert json.loads((folder / "scores.json").read_text("utf-8"))["tasks"]["topic"]["config"]["seeds"] == [0, 1]


def test_scores_are_readable(run, tmp_path):
    folder = shutil.copytree(run, tmp_path / "run")
    lines = zhprep("evaluate", folder, "--threads", 1).err.splitlines()
    assert [line for line in lines if line.startswith("intrinsic") and "loss" in line and "unigram loss" in line]
    assert not [line for line in lines if "{" in line]


def test_a_probe_draws_a_bar_for_each_layer(run, small_task, tmp_path):
    folder = shutil.copytree(run, tmp_path / "run")
    result = zhprep("evaluate", folder, "--task", small_task, "--probe", "--epochs", 1, "--seeds", "0", "--threads", 1)
    scores = json.loads((folder / "scores.json").read_text("utf-8"))["tasks"]["topic (probe=True)"]["probe"]
    drawn = [line for line in result.err.splitlines() if line.startswith("layer ")]
    assert [line.split()[1] for line in drawn] == [name.removeprefix("layer_") for name in scores]
    for line, layer in zip(drawn, scores.values(), strict=True):
        assert line.count("█") == round(50 * layer["accuracy"]["mean"])
    page = (folder / "layers.html").read_text("utf-8")
    assert "topic, accuracy by layer" in page
    points = re.search(r'<polyline class="line s1" points="([^"]+)"', page)[1].split()
    assert len(points) == len(scores)
    heights = [-float(point.split(",")[1]) for point in points]
    means = [layer["accuracy"]["mean"] for layer in scores.values()]
    assert [heights.index(max(heights)), len(set(heights))] == [means.index(max(means)), len(set(means))]
    assert zhprep("verify", folder).code == 0
    zhprep("evaluate", folder, "--task", small_task, "--epochs", 1, "--seeds", "0", "--threads", 1)
    assert (folder / "layers.html").read_text("utf-8") == page


def test_what_is_wrong(run, vocab, small_task, tmp_path):
    refused(zhprep("evaluate", run.parent / "runn"), 2, "no such file or folder", str(run))
    refused(zhprep("evaluate", run, "--task", small_task.parent / "topci"), 2, "no such file or folder", "topic")
    refused(zhprep("evaluate", run, "--task", vocab), 2, "train.jsonl is missing")
    refused(zhprep("evaluate", run, "--seeds", "0,one"), 2, "--seeds", "'one' is not a valid integer")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "train.jsonl").write_text('{"text": "好", "label": 1}\n{"label": 1}\n', encoding="utf-8")
    (tmp_path / "bad" / "dev.jsonl").write_text('{"text": "好", "label": 1}\n', encoding="utf-8")
    refused(zhprep("evaluate", run, "--task", tmp_path / "bad"), 3, "train.jsonl, line 2")
    assert not (run / "scores.json").exists()
    empty = tmp_path / "empty"
    empty.mkdir()
    assert zhprep("evaluate", empty).code in (2, 3)
    assert list(empty.iterdir()) == []
