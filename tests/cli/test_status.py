"""``zhprep status``."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pty
import re
import shutil
import subprocess
import termios
import time
import unicodedata
from collections.abc import Callable

import pytest
from command_line import made_by, process, refused, zhprep
from patience import patience

from zhprep.core.seal import json_bytes, sealed
from zhprep.core.shards import Note
from zhprep.core.shards.making import job
from zhprep.core.temporary import pid_namespace
from zhprep.run.folders import note_last


def test_finished(data, vocab, run, tmp_path):
    status = zhprep("status", data, "--json").report
    assert (status["done"], status["pending"], status["finished"]) == (status["shards"], [], True)
    assert (status["under_way"], status["failed"], status["quarantined"], status["seconds_left"]) == ([], [], [], 0)
    account = json.loads((data / "manifest.json").read_bytes())["account"]["counts"]
    assert (status["documents"], status["characters"]) == (account["documents_in"], account["characters"])
    assert zhprep("status", data).out.decode().startswith(f"{status['shards']} of {status['shards']} shards done; ")
    assert b"shards done" in zhprep("status", vocab).out
    together = tmp_path / "work"  # as `zhprep run` lays them out
    together.mkdir()
    for name, part in (("held-out", data), ("run", run)):
        (together / name).symlink_to(part)
    starts = [line[:10] for line in zhprep("status", together).out.decode().splitlines()]
    assert starts == ["run       ", "held-out  "] or starts == ["held-out  ", "run       "]
    status = zhprep("status", run, "--json").report
    assert (status["steps"], status["done"], status["step"], status["finished"]) == (3, 3, 3, True)
    assert status["loss"] > 0
    assert status["tokens_per_second"] > 0


def test_rates_and_time_left_are_those_of_the_receipts(tmp_path):
    """Three blocks of 100, 200 and 300 characters, made in two seconds each by two workers, and a gap of an hour."""
    corpus = tmp_path / "x.txt"
    corpus.write_text("".join("字" * 100 * n + "\n\n" for n in (1, 2, 3, 4)), encoding="utf-8")
    made = made_by("normalize", corpus, "--block-size", 1, output=tmp_path / "out")
    (made / "manifest.json").unlink()
    (made / ".receipts" / "00003.json").unlink()
    (made / ".made").mkdir()
    for block, began in enumerate((1000.0, 1001.0, 4600.0)):
        note = {"began": began, "ended": began + 2, "cpu_seconds": 1.0, "peak_rss_bytes": 1}
        (made / ".made" / f"{block:05d}.json").write_text(json.dumps(note))
    status = zhprep("status", made, "--json").report
    assert (status["done"], status["pending"], status["documents"], status["characters"]) == (3, [3], 3, 600)
    assert status["per_second"] == {"documents": 0.6, "characters": 120.0, "blocks": 0.6, "bytes": 360.0}
    assert status["seconds_left"] == round(1200 / 360)
    assert status["heard"] == "1970-01-01T01:16:42Z"


def test_what_failed_and_why(tmp_path, sample_data):
    corpus = tmp_path / "语.txt"
    corpus.write_text((sample_data / "corpus" / "news.txt").read_text("utf-8"), encoding="utf-8")
    flags = ("segment", corpus, "-o", tmp_path / "out", "--block-size", "2KiB", "--quiet")
    tasks = ("--num-shards", 2, "--shard-index")
    assert zhprep(*flags, *tasks, 0).code == 0
    plan = json.loads((tmp_path / "out" / "plan.json").read_bytes())
    # read once to be planned and again in each block: what changes in between is found by the second
    ours = corpus.read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job, "_engine", _changing(job._engine, corpus))
        refused(zhprep(*flags, *tasks, 1), 3, "语.txt: has changed since it was planned")
    corpus.write_bytes(ours)
    status = zhprep("status", tmp_path / "out", "--json")
    assert "语.txt" in status.out.decode()
    (failed,) = status.report["failed"]
    assert (failed["block"], failed["error"]) == (1, "DataError")
    assert failed["message"] == "语.txt: has changed since it was planned"
    assert failed["first"].startswith("语.txt:")
    lines = zhprep("status", tmp_path / "out").out.decode().splitlines()
    assert re.match(r"  shard 1 failed at documents 语.txt:\d+ to 语.txt:\d+, .*changed since .* / hint: run", lines[1])
    assert len(plan["corpus"]["blocks"]) > 3
    assert zhprep(*flags).code == 0
    assert zhprep("status", tmp_path / "out", "--json").report["failed"] == []
    assert not [path for path in (tmp_path / "out").iterdir() if path.name in (".made", ".failed", ".working")]


def _changing(engine, corpus):
    """Return an engine before which the corpus is changed."""

    def changed(*arguments):
        corpus.write_bytes(corpus.read_bytes().replace("的".encode(), "地".encode()))
        return engine(*arguments)

    return changed


def test_blocks_under_way_are_told_from_those_that_were_left(tmp_path, sample_data):
    made = made_by("normalize", sample_data / "corpus", "--block-size", "10KiB", output=tmp_path / "out")
    (made / "manifest.json").unlink()
    (made / ".working").mkdir()
    gone = subprocess.Popen(["true"])
    gone.wait()
    for block, pid in ((0, os.getpid()), (1, gone.pid)):
        (made / ".receipts" / f"{block:05d}.json").unlink()
        note = Note("a:1", "a:9", 0, 9, 2000, time.time() - 99, time.time() - 90, "a-host", pid, pid_namespace())
        (made / ".working" / f"{block:05d}.json").write_text(json.dumps(dataclasses.asdict(note)))
    status = zhprep("status", made, "--json").report
    assert [(one["block"], one["alive"]) for one in status["under_way"]] == [(0, True), (1, False)]
    lines = zhprep("status", made).out.decode().splitlines()
    assert lines[1].startswith("  shard 0 is at documents a:1 to a:9 for 1m3")
    assert lines[2] == "  shard 1 was left at documents a:1 to a:9: its process is gone"


def test_watching_in_a_file_is_a_line_each_time_until_it_is_done(tmp_path, sample_data):
    flags = ("normalize", sample_data / "corpus", "-o", tmp_path / "out", "--block-size", "10KiB", "--quiet")
    assert zhprep(*flags, "--num-shards", 2, "--shard-index", 0).code == 0
    watching = process("status", tmp_path / "out", "--watch", "--interval", 0.2)
    also = process("status", tmp_path / "out", "--watch", "--interval", 0.2, "--json")
    first, first_json = watching.stdout.readline(), also.stdout.readline()
    assert zhprep(*flags).code == 0
    (out, err), (out_json, _) = watching.communicate(timeout=patience(60)), also.communicate(timeout=patience(60))
    assert (watching.returncode, err, also.returncode) == (0, b"", 0)
    lines = [first, *out.splitlines(keepends=True)]
    assert not any(b"\r" in line or b"\x1b" in line for line in lines)
    assert all(re.match(rb"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ \d+ of \d+ shards done; ", line) for line in lines)
    objects = [json.loads(line) for line in (first_json, *out_json.splitlines())]
    assert (objects[0]["finished"], objects[-1]["finished"]) == (False, True)


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
    shown = zhprep("status", tmp_path / "run").out.decode()
    assert re.fullmatch(r"1 of 3 steps done, loss \d.*, [\d,]+ tokens/s, last heard of at 20.*Z\n", shown)
    log = tmp_path / "run" / "log.jsonl"
    lines = [{"step": step, "loss": {"mlm": 2.0}, "seconds": 50.0 * step, "tokens_per_second": 7.0}
             for step in range(1, 9)]  # fmt: skip
    log.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"step": 9, "lo')
    plan = json.loads((tmp_path / "run" / "plan.json").read_bytes())
    del plan["seal"]
    plan["config"]["steps"] = 100
    (tmp_path / "run" / "plan.json").write_bytes(json_bytes(sealed(plan)))
    status = zhprep("status", tmp_path / "run", "--json").report
    assert (status["step"], status["loss"], status["steps_per_second"]) == (8, 2.0, 0.02)
    assert status["seconds_left"] == 92 * 50
    shown = zhprep("status", tmp_path / "run").out.decode()
    assert "1 of 100 steps done, at step 8, loss 2, 7 tokens/s, 1h16m left, " in shown
    timed = [{**line, "elapsed": 60.0 * line["step"]} for line in lines]  # with looks and checkpoints
    log.write_text("".join(json.dumps(line) + "\n" for line in timed))
    assert zhprep("status", tmp_path / "run", "--json").report["seconds_left"] == 92 * 60
    log.write_text("".join(json.dumps(line) + "\n" for line in (*lines[:4], *timed[4:])))  # zhprep was renewed
    assert zhprep("status", tmp_path / "run", "--json").report["seconds_left"] == 92 * 50


def test_watching_a_run_of_a_recipe_from_before_its_first_part_to_the_end_of_its_last(data, vocab, run, tmp_path):
    work = tmp_path / "work"
    note_last(work, "run")
    assert zhprep("status", work).out == b"run     not begun\n"
    flags = ("status", work, "--watch", "--interval", 0.1)
    watching, as_json = process(*flags), process(*flags, "--json")
    assert as_json.stdout.readline() == b"{}\n"
    for name, part in (("vocab", vocab), ("data", data), ("run", run)):
        (work / name).mkdir()  # before there is a plan in it
        assert _said_after(watching).endswith(b"run     not begun\n")
        (work / name).rmdir()
        (work / name).symlink_to(part)
        while name != "run" and name.encode() not in (line := _said_after(watching)):
            assert line.endswith(b"run     not begun\n")
    (out, err), (out_json, err_json) = (
        watching.communicate(timeout=patience(60)),
        as_json.communicate(timeout=patience(60)),
    )
    assert (watching.returncode, err, as_json.returncode, err_json) == (0, b"", 0, b"")
    assert b"3 of 3 steps done" in out.splitlines()[-1]
    assert list(json.loads(out_json.splitlines()[-1])) == ["vocab", "data", "run"]


def _said_after(watching):
    """Return a line of which all was looked at after this call: the first after it may be of before."""
    watching.stdout.readline()
    return watching.stdout.readline()


def test_watching_on_a_terminal_is_written_over(tmp_path, sample_data):
    flags = ("normalize", sample_data / "corpus", "-o", tmp_path / "out", "--block-size", "10KiB", "--quiet")
    assert zhprep(*flags, "--num-shards", 2, "--shard-index", 0).code == 0
    ours, theirs = pty.openpty()
    watching = process("status", tmp_path / "out", "--watch", "--interval", 0.2, stdout=theirs)
    os.close(theirs)
    shown = b""
    while shown.count(b"shards done") < 2:
        shown += os.read(ours, 1 << 16)
    assert zhprep(*flags).code == 0
    with contextlib.suppress(OSError):  # the other end is closed
        while more := os.read(ours, 1 << 16):
            shown += more
    os.close(ours)
    _, err = watching.communicate(timeout=patience(60))
    assert (watching.returncode, err) == (0, b"")
    assert re.search(rb"\x1b\[\d+F\x1b\[J", shown)
    assert b"Z 8 of" not in shown


def _screen(shown: str, width: int) -> list[str]:
    """Return what stands on a terminal of ``width`` columns on which ``shown`` was written, none of it scrolled away.

    A character that has no room in its row goes to the next.
    """
    rows, at, used = [""], 0, 0
    for sign, number, kind, other in re.findall(r"(\x1b\[(\d*)([FJ]))|([^\x1b])", shown):
        if kind == "F":
            at, used = max(0, at - int(number)), 0
        elif kind == "J":
            rows[at:] = [rows[at][:used]]
        elif other == "\n":
            at, used = at + 1, 0
        elif other != "\r":
            wide = 2 if unicodedata.east_asian_width(other) in "WF" else 1
            if used + wide > width:
                at, used = at + 1, 0
            rows += [""] * (at + 1 - len(rows))
            rows[at], used = rows[at] + other, used + wide
        rows += [""] * (at + 1 - len(rows))
        assert not sign or kind
    return rows


def _shown_by(ours: int, until: Callable[[str], bool]) -> str:
    """Return what is written to a terminal until that is enough, or until its other end is closed."""
    shown = b""
    with contextlib.suppress(OSError):
        while not until(shown.decode(errors="ignore")) and (more := os.read(ours, 1 << 16)):
            shown += more
    return shown.decode(errors="ignore")


@pytest.mark.parametrize(("columns", "lines"), [(80, 60), (31, 60), (40, 5)])
def test_lines_that_wrap_are_written_over_too(tmp_path, sample_data, columns, lines):
    """The line of a folder that is under way is longer than a terminal is wide, and a name may be Chinese."""
    made = made_by("normalize", sample_data / "corpus", "--block-size", "10KiB", output=tmp_path / "out")
    manifest = (made / "manifest.json").read_bytes()
    (made / "manifest.json").unlink()
    receipt = made / ".receipts" / "00000.json"
    whole = receipt.read_bytes()
    receipt.unlink()
    (made / ".working").mkdir()
    note = Note("语料/第一篇文章的名字很长很长.txt:1", "语料/第一篇文章的名字很长很长.txt:9", 0, 9, 2000, time.time() - 99,
                time.time() - 90, "a-host", os.getpid(), pid_namespace())  # fmt: skip
    (made / ".working" / "00000.json").write_text(json.dumps(dataclasses.asdict(note)))
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (lines, columns))
    watching = process("status", made, "--watch", "--interval", 0.2, stdout=theirs)
    os.close(theirs)
    shown = _shown_by(ours, lambda shown: shown.count("shards done") > 2)
    receipt.write_bytes(whole)
    (made / "manifest.json").write_bytes(manifest)
    shown += _shown_by(ours, lambda _: False)
    os.close(ours)
    _, err = watching.communicate(timeout=patience(60))
    assert (watching.returncode, err) == (0, b"")
    drawn = re.split(r"\x1b\[\d+F\x1b\[J", shown)
    assert len(drawn) > 3
    rows = [_screen(one, columns) for one in drawn]
    assert all(len(one) <= lines for one in rows[:-1])  # with the row of the cursor; none has left the screen
    last = drawn[-1].replace("\r", "")
    assert _screen(shown, columns) == _screen(last, columns)
    assert "".join(last.split("\n")) == zhprep("status", made).out.decode().rstrip("\n")


def test_with_nothing_done_nothing_was_last_done(tmp_path, sample_data):
    made = made_by("normalize", sample_data / "corpus", "--block-size", "10KiB", output=tmp_path / "out")
    (made / "manifest.json").unlink()
    shutil.rmtree(made / ".receipts")
    (made / ".receipts").mkdir()
    shown = zhprep("status", made).out.decode()
    assert re.fullmatch(r"0 of \d+ shards done; missing: 0-\d+; begun at 20[\d-]+T[\d:]+Z\n", shown)


def test_what_is_pending_of_an_array_with_fewer_tasks_than_shards(tmp_path, sample_data):
    made = made_by("normalize", sample_data / "corpus", "--block-size", "10KiB", output=tmp_path / "out")
    (made / "manifest.json").unlink()
    for block in (1, 5, 6):
        (made / ".receipts" / f"{block:05d}.json").unlink()
    pending = zhprep("status", made, "--pending-array", "--num-shards", 4)
    assert (pending.code, pending.out) == (3, b"1-2\n")
    refused(zhprep("status", made, "--num-shards", 4), 2, "--num-shards goes with --pending-array")


def test_what_is_wrong(data, tmp_path):
    refused(zhprep("status", tmp_path), 3, "was not made by zhprep")
    refused(zhprep("status", data.parent / "daat"), 2, "no such file or folder", str(data))
    folder = shutil.copytree(data, tmp_path / "data")
    (folder / "plan.json").write_text("{")
    refused(zhprep("status", folder), 3, "plan.json: is damaged")
