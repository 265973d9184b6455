"""Runs of several processes end: no thread is left, and none is waited for in vain."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from command_line import in_processes

SCRIPT = '''
import os
import sys
import torch
from torch.nn.parallel import DistributedDataParallel
from zhprep.engine.distribution import joined

def threads():
    """Those that end work that was asked of gloo."""
    for task in map(int, os.listdir("/proc/self/task")):
        with open(f"/proc/self/task/{task}/comm") as file:
            if file.read().startswith("pt_gloo"):
                yield task

for _ in range(3):  # one after another in one process: each has to find the others of its own
    with joined() as world:
        assert world.sum_counts([world.rank, 1]) == [1, 2]
with joined() as world:
    model = DistributedDataParallel(torch.nn.Linear(3, 3))
    model(torch.ones(2, 3)).sum().backward()
    cpu = min(os.sched_getaffinity(0))
    assert list(threads())
    for task in threads() if world.rank == 1 else ():
        os.sched_setaffinity(task, {cpu})
        os.sched_setscheduler(task, os.SCHED_IDLE, os.sched_param(0))
    if world.rank == 1:
        os.sched_setaffinity(0, {cpu})
    for _ in range(5):
        assert world.sum_counts([world.rank, 1]) == [1, 2]
    world.wait()
    if sys.argv[1] == "gone":
        torch.distributed.all_reduce(torch.ones(3))  # held by nobody when it is done, but by a thread
if sys.argv[1] == "gone":
    del model
'''


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux, which tells of a process's threads")
@pytest.mark.parametrize("model", ["kept", "gone"])
def test_two_processes_end_though_the_threads_of_one_hardly_run(tmp_path: Path, model: str) -> None:
    """While a model is kept so are gloo's threads; the process then aborted at its end in half of the runs. A model that
    goes, and is the last to hold the group, waited for a thread that waited for the interpreter."""
    script = tmp_path / "sum.py"
    script.write_text(SCRIPT, "utf-8")
    in_processes(2, script, model)
