"""Killed at any moment and run again, a job gives the bytes of one that was not.

At each step: a child is killed before its nth touch of the file system, for every n. At random moments: a real
run with worker processes, of which the parent or a worker is killed.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from plain_tasks import contents, make_input

TESTS = Path(__file__).parents[2]

EVERY_STEP = '''
"""Fork a child for each step, let it be killed there, let another finish, and compare."""
import os, shutil, signal, sys
from pathlib import Path
from plain_tasks import Copy, contents, make_job
from zhprep.core.shards import BlockJob, Output, run_job

os.fsync = lambda descriptor: None  # what was written outlives a killed process; only a dead machine loses it
folder, overwriting = Path(sys.argv[1]), sys.argv[2] == "overwriting"
made = make_job(folder / "x.txt")
made.corpus.blocks = made.corpus.blocks[:2]
out = folder / "out"
run_job(made, Output(folder / "once", executor="inline"))  # what is imported late is there for every child

def in_child(work):
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException as error:
            print(repr(error), flush=True)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def run():
    run_job(made, Output(out, executor="inline", overwrite=overwriting))

def run_until(step):
    left = step
    def hook(event, args):
        nonlocal left
        if event in ("os.link", "os.rename", "os.remove", "os.rmdir", "os.mkdir") or (
            event == "open" and str(args[0]).startswith(str(out))
        ):
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)
    run()

def begin():
    shutil.rmtree(out, ignore_errors=True)
    if overwriting:
        assert in_child(lambda: run_job(BlockJob(made.corpus, Copy(option=2)), Output(out, executor="inline"))) == 0
        (out / "notes.txt").write_text("somebody else's")

begin()
assert in_child(run) == 0
whole = contents(out)
step = 0
while True:
    begin()
    code = in_child(lambda: run_until(step))
    if code == 0:
        break
    assert code == -signal.SIGKILL, code
    shards = [name for name in contents(out) if name.startswith("data-")] if out.exists() else []
    assert in_child(run) == 0, f"step {step}: could not go on"
    assert contents(out) == whole, f"step {step}: {sorted(contents(out))}"
    step += 1
print("steps", step)
'''


@pytest.mark.parametrize("what", ["new", "overwriting"])
def test_killed_at_every_step(tmp_path: Path, what: str) -> None:
    make_input(tmp_path / "x.txt")
    (tmp_path / "every_step.py").write_text(EVERY_STEP)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])}
    done = subprocess.run(
        [sys.executable, "every_step.py", str(tmp_path), what],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[-1]) > 30


def children_of(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            if (
                int(stat.rsplit(")", 1)[1].split()[1]) == pid
                and "resource_tracker" not in (entry / "cmdline").read_text()
            ):
                found.append(int(entry.name))
    return found


def wait_until(condition: object, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.01)


FORKED, SPAWNED = "1", "2"
"""Threads of numpy's library: workers are copies of a process that has one, and new processes where there are more."""


def start(tmp_path: Path, threads: str = FORKED) -> subprocess.Popen[bytes]:
    python_path = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    environment = {**os.environ, "PYTHONPATH": python_path, "OPENBLAS_NUM_THREADS": threads}
    command = [
        sys.executable,
        str(TESTS / "plain_tasks.py"),
        str(tmp_path / "x.txt"),
        str(tmp_path / "out"),
        "2",
        "0.05",
    ]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, start_new_session=True)


@pytest.fixture
def whole(tmp_path: Path) -> dict[str, bytes]:
    from plain_tasks import make_job

    from zhprep.core.shards import Output, run_job

    make_input(tmp_path / "x.txt")
    run_job(make_job(tmp_path / "x.txt"), Output(tmp_path / "whole"))
    return contents(tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.parametrize("threads", [FORKED, SPAWNED])
@pytest.mark.parametrize("victim", ["parent", "worker"])
def test_killed_at_a_random_moment(tmp_path: Path, whole: dict[str, bytes], victim: str, threads: str) -> None:
    with start(tmp_path, threads) as process:
        wait_until(lambda: len(list((tmp_path / "out" / ".receipts").glob("0*"))) > 0)
        time.sleep(random.random() * 0.2)
        children = children_of(process.pid)
        os.kill(process.pid if victim == "parent" else random.choice(children), signal.SIGKILL)
        _, errors = process.communicate(timeout=30)
    wait_until(lambda: not any(Path(f"/proc/{child}").exists() for child in children))
    if victim == "parent":
        with start(tmp_path) as process:
            assert process.wait(timeout=60) == 0
    else:
        assert (process.returncode, errors) == (0, b"")
    assert contents(tmp_path / "out") == whole


@pytest.mark.parametrize("threads", [FORKED, SPAWNED])
def test_a_signal_to_the_whole_group_stops_in_order(tmp_path: Path, whole: dict[str, bytes], threads: str) -> None:
    with start(tmp_path, threads) as process:
        wait_until(lambda: len(list((tmp_path / "out" / ".receipts").glob("0*"))) > 0)
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 85
    with start(tmp_path) as process:
        assert process.wait(timeout=60) == 0
    assert contents(tmp_path / "out") == whole
