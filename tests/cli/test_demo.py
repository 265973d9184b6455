"""``zhprep demo``."""

from __future__ import annotations

import pytest
from command_line import refused, zhprep


@pytest.mark.slow
def test_the_demo_makes_a_report(tmp_path):
    result = zhprep("demo", "-o", tmp_path / "demo", "--steps", 3, "--json", "--quiet")
    assert (result.code, result.err) == (0, "")
    assert {"topic", "paraphrase"} == set(result.report["tasks"])
    assert (tmp_path / "demo" / "report.html").stat().st_size > 20_000
    status = zhprep("status", tmp_path / "demo", "--json").report
    assert {name: part["finished"] for name, part in status.items()} == {"vocab": True, "data": True, "run": True}
    assert zhprep("verify", tmp_path / "demo", "--quiet").code == 0


def test_what_is_wrong(tmp_path):
    refused(zhprep("demo", "-o", tmp_path / "demo", "--recipe", "bert-wmw"), 2, "unknown recipe", "'bert-wwm'")
    (tmp_path / "file").touch()
    refused(zhprep("demo", "-o", tmp_path / "file"), 2, "is a file, not a folder")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
