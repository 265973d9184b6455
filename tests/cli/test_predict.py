"""``zhprep predict``."""

from __future__ import annotations

import json

import pytest
from command_line import refused, zhprep


@pytest.fixture(scope="module")
def task(small_task, sample_data):
    """The first rows of a sample task, and a test without labels."""
    lines = (sample_data / "tasks" / "topic" / "dev.jsonl").read_text("utf-8").splitlines()
    rows = [{"id": 70 + n, "text": json.loads(line)["text"]} for n, line in enumerate(lines[40:45])]
    (small_task / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return small_task


FLAGS = ("--epochs", 1, "--seeds", "0,1", "--threads", 1)


def test_a_submission_has_a_line_for_each_row(run, task, tmp_path):
    result = zhprep("predict", run, task, *FLAGS, "--quiet")
    assert (result.code, result.err) == (0, "")
    lines = [json.loads(line) for line in result.out.decode().splitlines()]
    assert [line["id"] for line in lines] == [70, 71, 72, 73, 74]
    known = {json.loads(line)["label"] for line in (task / "train.jsonl").read_text("utf-8").splitlines()}
    assert {line["label"] for line in lines} <= known
    report = zhprep("predict", run, task, *FLAGS, "-o", tmp_path, "--json", "--quiet").report
    written = tmp_path / "topic_predict.json"
    assert report["output"] == str(written)
    assert written.read_bytes() == result.out
    assert (report["part"], report["rows"], report["kind"]) == ("test", 5, "classification")
    refused(zhprep("predict", run, task, *FLAGS, "-o", written), 2, "is there already", "--overwrite")
    assert zhprep("predict", run, task, *FLAGS, "--part", "dev", "-o", written, "--overwrite", "--quiet").code == 0
    assert len(written.read_text("utf-8").splitlines()) == 40


def test_what_is_wrong(run, task, tmp_path):
    refused(zhprep("predict", run, task, "--json"), 2, "stdout", "-o OUT")
    refused(zhprep("predict", run, tmp_path), 2, "train.jsonl is missing")
    refused(zhprep("predict", run, task, "--probe"), 2, "--probe")
    refused(zhprep("predict", run, task, "--tune", "adapter"), 2, "adapter", "adapters")
