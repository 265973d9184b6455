"""Work that waits for what a Ray cluster has not free, or not at all. Skipped where ray is not installed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from command_line import environment, process
from made_experiment import line, on
from patience import patience
from ray_nodes import TESTS, Nodes, two_nodes

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed (pip install 'zhprep[ray]')"),
]

PATHS = os.pathsep.join([str(TESTS), str(TESTS.parent)])

HOLD = """
import os, sys, time, ray
ray.init(os.environ["RAY_ADDRESS"], log_to_driver=False, logging_level="error")
cpus, gpus = map(int, sys.argv[1:])
hold = ray.remote(lambda: time.sleep(3600))
tasks = [hold.options(num_cpus=1).remote() for _ in range(cpus)]
tasks += [hold.options(num_cpus=0, num_gpus=1).remote() for _ in range(gpus)]
free = lambda: ray.available_resources()
while (cpus and free().get("CPU", 0)) or (gpus and free().get("GPU", 0)):
    time.sleep(0.1)
print("held", flush=True)
sys.stdin.read()
"""

SOON = """
from zhprep.core import stalls
stalls.TICK, stalls.STALLED = 0.2, 2.0
from zhprep.cli import main
main()
"""


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    """Of which that with the GPU has the fewer CPUs."""
    with two_nodes({"num_cpus": 2}, {"num_cpus": 1, "num_gpus": 1}) as running:
        yield running


@contextlib.contextmanager
def held(nodes: Nodes, cpus: int, gpus: int) -> Iterator[None]:
    """Inside, somebody else has so many CPUs and GPUs of the cluster."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    command = [sys.executable, "-c", HOLD, str(cpus), str(gpus)]
    with subprocess.Popen(command, env=environment(RAY_ADDRESS=nodes.address), **pipes) as holder:  # type: ignore[call-overload]
        try:
            assert holder.stdout.readline() == b"held\n"
            yield
        finally:
            holder.kill()


def stalled_then_stopped(nodes: Nodes, why: str, *command: object) -> tuple[int, str]:
    """Run a command until it tells of a stall, and why, then tell it to stop; return its code and last line."""
    started = subprocess.Popen(
        [sys.executable, "-c", SOON, *map(str, command), *on(nodes.address), "--log-json"],
        env=environment(PYTHONPATH=PATHS), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert started.stderr is not None
    try:
        events = map(json.loads, started.stderr)
        assert any(one["event"] == "stall" and why in one["text"] for one in events)
        started.send_signal(signal.SIGTERM)
        _, err = started.communicate(timeout=patience(60))
        return started.returncode, err.splitlines()[-1]
    finally:
        started.kill()


def test_a_command_told_to_stop_does_not_wait_for_cpus(
    nodes: Nodes, sample_data: Path, vocab: Path, tmp_path: Path
) -> None:
    command = ("make-instances", sample_data / "corpus", "--vocab", vocab, "--block-size", "8KiB", "-o", tmp_path / "x")
    with held(nodes, 3, 0):
        code, last = stalled_then_stopped(nodes, "no worker has come to its first document", *command)
    assert code == 85, last
    assert "run the same command again to go on" in last


def test_an_experiment_whose_runs_wait_says_so_and_stops(nodes: Nodes, sample_data: Path, tmp_path: Path) -> None:
    why = "none of the 1 that are left has begun: each waits for a machine with 1 free CPU, and a free GPU"
    command = (*line(tmp_path, sample_data, 2, "char"), "-o", tmp_path / "x")
    with held(nodes, 0, 1):
        code, last = stalled_then_stopped(nodes, why, *command)
    assert code == 85, last
    assert "stopped with 1 of 1 runs to do" in last


def test_the_machine_with_the_gpu_must_have_the_cpus(nodes: Nodes, sample_data: Path, tmp_path: Path) -> None:
    command = line(tmp_path, sample_data, 2, "char")
    plan = tmp_path / "plan.toml"
    plan.write_text(plan.read_text("utf-8").replace("threads = 1", "threads = 2"), "utf-8")
    started = process(*command, "-o", tmp_path / "x", *on(nodes.address), "--quiet")
    try:
        _, err = started.communicate(timeout=patience(120))
    finally:
        started.kill()
    assert started.returncode == 2
    assert b"no machine with a GPU of the Ray cluster has 2 CPUs; the largest with a GPU has 1" in err
