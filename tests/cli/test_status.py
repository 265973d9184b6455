"""``zhprep status``."""

from __future__ import annotations

import shutil

from command_line import refused, zhprep


def test_finished(data, vocab, run):
    status = zhprep("status", data, "--json").report
    assert status == {"shards": status["shards"], "done": status["shards"], "pending": [], "finished": True}
    assert zhprep("status", data).out.decode() == f"{status['shards']} of {status['shards']} shards done\n"
    assert zhprep("status", vocab).out.decode().endswith("shards done\n")
    assert zhprep("status", run, "--json").report == {"steps": 3, "done": 3, "finished": True}


def test_what_is_pending_is_listed_for_an_array_and_is_exit_3(sample_data, tmp_path):
    arguments = ("normalize", sample_data / "corpus", "-o", tmp_path / "out", "--block-size", "10KiB", "--quiet")
    assert zhprep(*arguments, "--num-shards", 5, "--shard-index", 1).code == 0
    shards = zhprep("status", tmp_path / "out", "--json").report["shards"]
    expected = [number for number in range(shards) if number % 5 != 1]
    result = zhprep("status", tmp_path / "out", "--pending-array")
    assert (result.code, result.err) == (3, "")
    listed = []
    for part in result.out.decode().strip().split(","):
        first, _, last = part.partition("-")
        listed += range(int(first), int(last or first) + 1)
    assert listed == expected
    assert zhprep(*arguments).code == 0
    done = zhprep("status", tmp_path / "out", "--pending-array")
    assert (done.code, done.out) == (0, b"\n")


def test_a_run_that_was_stopped(data, tmp_path):
    flags = (
        "--recipe",
        "bert-wwm",
        "--size",
        "tiny",
        "--batch-size",
        4,
        "--threads",
        1,
        "--steps",
        3,
        "--stop-after",
        1,
    )
    assert zhprep("pretrain", data, "-o", tmp_path / "run", *flags, "--quiet").code == 85
    assert zhprep("status", tmp_path / "run").out.decode() == "1 of 3 steps done\n"


def test_what_is_wrong(data, tmp_path):
    refused(zhprep("status", tmp_path), 3, "was not made by zhprep")
    refused(zhprep("status", data.parent / "daat"), 2, "no such file or folder", str(data))
    folder = shutil.copytree(data, tmp_path / "data")
    (folder / "plan.json").write_text("{")
    refused(zhprep("status", folder), 3, "plan.json: is damaged")
