"""``zhprep demo``."""

from __future__ import annotations

import pytest
from command_line import refused, zhprep

from zhprep.core.shards import open_batches
from zhprep.instances.layout import is_validation


def validation_instances(data):
    """How many instances are of documents that were set apart."""
    return sum(int(is_validation(batch["instance_id"].to_numpy()).sum()) for batch in open_batches(data, "instances"))


@pytest.mark.slow
def test_the_demo_learns_and_makes_a_report(tmp_path):
    """The demo as it is: on held-out text well below the unigram distribution."""
    result = zhprep("demo", "-o", tmp_path / "demo", "--json", "--quiet")
    assert (result.code, result.err) == (0, "")
    held_out, tasks = result.report["intrinsic"], result.report["tasks"]
    assert held_out["loss"] < held_out["unigram_loss"] - 0.35
    assert held_out["instances"] == validation_instances(tmp_path / "demo" / "data") > 64
    assert tasks["topic"]["accuracy"]["mean"] > tasks["topic"]["baseline"]["accuracy"] + 0.5
    assert tasks["paraphrase"]["dev_rows"] > 200
    assert (tmp_path / "demo" / "report.html").stat().st_size > 20_000
    status = zhprep("status", tmp_path / "demo", "--json").report
    assert {name: part["finished"] for name, part in status.items()} == dict.fromkeys(
        ("vocab", "data", "held-out", "run"), True
    )
    assert zhprep("verify", tmp_path / "demo", "--quiet").code == 0


def test_what_is_wrong(tmp_path):
    refused(zhprep("demo", "-o", tmp_path / "demo", "--steps", "none"), 2, "--steps")
    (tmp_path / "file").touch()
    refused(zhprep("demo", "-o", tmp_path / "file"), 2, "is a file, not a folder")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
