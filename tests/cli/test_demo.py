"""``zhprep demo``."""

from __future__ import annotations

import shutil

import pytest
from command_line import refused, zhprep

from zhprep.core.shards import open_batches
from zhprep.instances.layout import is_validation


def validation_instances(data):
    """How many instances are of documents that were set apart."""
    return sum(int(is_validation(batch["instance_id"].to_numpy()).sum()) for batch in open_batches(data, "instances"))


def makes_a_report(folder, below_unigram, *flags):
    """Run the demo; assert that it learns, on held-out text by so many nats more than the unigram distribution."""
    result = zhprep("demo", "-o", folder, *flags, "--json", "--quiet")
    assert (result.code, result.err) == (0, "")
    held_out, tasks = result.report["intrinsic"], result.report["tasks"]
    assert held_out["loss"] < held_out["unigram_loss"] - below_unigram
    assert held_out["instances"] == validation_instances(folder / "data") > 64
    assert tasks["topic"]["accuracy"]["mean"] > tasks["topic"]["baseline"]["accuracy"] + 0.5
    assert tasks["paraphrase"]["dev_rows"] > 200
    assert (folder / "report.html").stat().st_size > 20_000
    status = zhprep("status", folder, "--json").report
    assert {name: part["finished"] for name, part in status.items()} == dict.fromkeys(
        ("vocab", "data", "held-out", "run"), True
    )
    assert zhprep("verify", folder, "--quiet").code == 0


@pytest.mark.slow
def test_the_demo_learns_and_makes_a_report(tmp_path, sample_data, monkeypatch):
    """In 160 of its 400 steps, and fine-tuned with one seed for half as long."""
    data = shutil.copytree(sample_data, tmp_path / "sample_data")
    recipe = (data / "demo.toml").read_text("utf-8")
    assert "epochs = 12" in recipe
    (data / "demo.toml").write_text(recipe.replace("epochs = 12", "epochs = 6\nseeds = [0]"), "utf-8")
    monkeypatch.setattr("zhprep.cli.demo.bundled", tmp_path.joinpath)
    makes_a_report(tmp_path / "demo", 0.2, "--steps", 160)


@pytest.mark.nightly
def test_the_demo_as_it_is(tmp_path):
    makes_a_report(tmp_path / "demo", 0.35)


def test_what_is_wrong(tmp_path):
    refused(zhprep("demo", "-o", tmp_path / "demo", "--steps", "none"), 2, "--steps")
    (tmp_path / "file").touch()
    refused(zhprep("demo", "-o", tmp_path / "file"), 2, "is a file, not a folder")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
