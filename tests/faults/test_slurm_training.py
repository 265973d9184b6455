"""The script of docs/clusters that trains under Slurm: what it does when torchrun ends, which says 1 of any end but 0."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from command_line import PACKAGE_PARENT, put_program, with_programs
from patience import patience

SCRIPT = PACKAGE_PARENT / "docs" / "clusters" / "pretrain.sbatch"
ENDLESS = ("--size", "tiny", "--batch-size", "4", "--threads", "1", "--log-every", "1", "--quiet", "--steps", "100000")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with a space in its name and a program `torchrun`."""
    folder = tmp_path / "the folder"
    folder.mkdir()
    put_program(folder / "bin" / "torchrun", f'exec "{sys.executable}" -m torch.distributed.run "$@"')
    return folder


def newest(run: Path) -> int:
    return max((int(path.name[5:]) for path in run.glob("step-*") if path.name[5:].isdigit()), default=0)


def logged(run: Path) -> int:
    """Return the last step that the log of ``run`` tells of."""
    lines = (run / "log.jsonl").read_text("utf-8").splitlines(keepends=True)
    return max((int(json.loads(line)["step"]) for line in lines if line.endswith("\n")), default=0)


def wait_until(done: Callable[[], object], seconds: float = 120.0) -> None:
    end = time.monotonic() + patience(seconds)
    while not done():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.2)


class Node:
    """What stands in for Slurm: one node, whose job ends at ``ends``; what it asks for is in the file ``asked``."""

    def __init__(self, here: Path, instances: Path) -> None:
        self.here, self.instances, self.run = here, instances, here / "run"
        node = 'echo "NodeName=$4 Arch=x86_64 NodeAddr=127.0.0.1 NodeHostName=$4 Version=22.05"'
        put_program(
            here / "bin" / "scontrol", 'case "$*" in', '"show hostnames "*) echo one && seq 20000 ;;', f'*"show node one") {node} ;;',
            '*) echo "$*" >>"$ASKED" ;;', "esac",
        )  # fmt: skip
        put_program(here / "bin" / "squeue", 'echo "$ENDS"')
        put_program(here / "bin" / "srun", "while [[ $1 == -* ]]; do shift; done", 'SLURM_NODEID=0 exec "$@"')

    def start(self, *options: str, ends: str = "NONE", margin: int = 1) -> subprocess.Popen[str]:
        (self.here / "asked").write_text("")
        told = with_programs(
            self.here, ENDS=ends, ASKED=str(self.here / "asked"), MARGIN=str(margin), PROCESSES="2",
            SLURM_JOB_ID="17", SLURM_JOB_NODELIST="one", SLURM_NNODES="1",
        )  # fmt: skip
        command = ["bash", SCRIPT, self.run, self.instances, *options]
        return subprocess.Popen(command, env=told, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def ended(self, started: subprocess.Popen[str]) -> tuple[int, str, str]:
        """Return the exit code of a start of the script, what it asked Slurm for, and what it said."""
        said, _ = started.communicate(timeout=patience(200))
        return started.returncode, (self.here / "asked").read_text(), said


@pytest.fixture
def node(here: Path, instances: Path) -> Iterator[Node]:
    """The node; where a test fails, processes that torchrun left behind would train for ever."""
    made = Node(here, instances)
    yield made
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if str(made.run) in one.cmdline():
                one.kill()


def soon(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(time.time() + seconds))


@pytest.mark.slow
def test_a_job_goes_back_into_the_queue_while_there_are_newer_checkpoints(node: Node) -> None:
    """Its time is up; USR1; what cannot go on; and a run that comes to its end."""
    code, asked, said = node.ended(node.start(*ENDLESS, ends=soon(4)))
    assert (code, asked) == (85, "requeue 17\n"), said
    assert "exitcode  : 85" in said  # of each process, of which torchrun made 1
    stopped = newest(node.run)
    assert stopped >= 1

    started = node.start(*ENDLESS, margin=60)
    wait_until(lambda: logged(node.run) > stopped or started.poll() is not None)
    for one in psutil.Process(started.pid).children():  # torchrun alone: the shell became it
        one.send_signal(signal.SIGUSR1)
    code, asked, said = node.ended(started)
    assert (code, asked) == (85, "requeue 17\n"), said
    assert newest(node.run) > stopped

    code, asked, said = node.ended(node.start(*ENDLESS, "--seed", "1"))
    assert (code, asked) == (1, ""), said
    assert "was begun with another config (seed)" in said
    code, asked, said = node.ended(node.start(*ENDLESS[:-1], "3", "-o", str(node.here / "other")))
    assert (code, asked) == (0, ""), said


@pytest.mark.parametrize(
    ("options", "ends", "message"),
    [
        (["--overwrite"], "NONE", "would begin the run again"),
        (["--stop-after", "2"], "NONE", "--stop-after would put the job back into the queue"),
        (["--stop-after=2"], "NONE", "--stop-after would put the job back into the queue"),
        ([], soon(60), "no more time than its margin of 300 s"),
    ],
)
def test_a_job_that_could_never_end_is_refused(node: Node, options: list[str], ends: str, message: str) -> None:
    code, asked, said = node.ended(node.start(*options, ends=ends, margin=300))
    assert (code, asked) == (2, ""), said
    assert message in said
    assert not node.run.exists()


@pytest.mark.slow
@pytest.mark.nightly  # a job that goes back into the queue waits there for two minutes
def test_two_nodes_of_slurm_train_job_after_job(here: Path, instances: Path, slurm: dict[str, str]) -> None:
    """The first job is told to stop; the second, by itself, has the time that is left and comes to the end."""
    run, log, steps = here / "run", here / "log.txt", "60"
    told = with_programs(here, MARGIN="60", **slurm)
    submit = ["sbatch", "--parsable", "--nodes=2", "--cpus-per-task=1", "--time=10", f"--output={log}"]
    arguments = [SCRIPT, run, instances, *ENDLESS[:-1], steps, "--checkpoint-every", "1000"]
    command = list(map(str, [*submit, *arguments]))
    job = subprocess.run(command, env=told, capture_output=True, check=True, text=True).stdout.strip()

    def asked(*words: str) -> str:
        return subprocess.run(words, env=told, capture_output=True, check=True, text=True).stdout.strip()

    wait_until(lambda: (run / "log.jsonl").exists() and logged(run) > 0)
    asked("scancel", "--signal=USR1", job)
    wait_until(lambda: "Restarts=1" in asked("scontrol", "--oneliner", "show", "job", job))
    assert 0 < newest(run) < int(steps), log.read_text("utf-8")
    wait_until(lambda: not asked("squeue", "--noheader"), 400)
    said = log.read_text("utf-8")
    assert "JobState=COMPLETED" in asked("scontrol", "--oneliner", "show", "job", job), said
    assert (run / "manifest.json").exists(), said
    assert json.loads((run / "report.json").read_text("utf-8"))["processes"] == 2
