"""What every executor promises."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from zhprep.core.errors import DataError, ZhprepError
from zhprep.core.executors import EXECUTORS, Map, processes

SEPARATE = {EXECUTORS["processes"]}
"""Those whose workers are processes of their own."""


@pytest.fixture(params=[*EXECUTORS, "processes, spawned"])
def run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Map:
    name, _, spawned = request.param.partition(", ")
    if spawned:
        monkeypatch.setattr(processes, "may_fork", lambda: False)
    return EXECUTORS[name]


def square(x: int) -> int:
    time.sleep(0.02 * (x % 3 == 0))  # so that later items are done first
    return x * x


def fail_at_three(x: int) -> int:
    if x == 3:
        raise DataError("x.txt, line 3: bad", hint="mend it")
    return x


def die_at_three(x: int) -> int:
    if x == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return x


def break_at_three(x: int) -> int:
    return 1 // (x - 3)


def environment(_: int) -> tuple[str | None, int]:
    return os.environ.get("OMP_NUM_THREADS"), os.getpid()


def no_processes_left() -> bool:
    end = time.monotonic() + 20
    while multiprocessing.active_children():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_order(run: Map, workers: int) -> None:
    assert list(run(square, range(20), workers)) == [x * x for x in range(20)]
    assert list(run(square, [], workers)) == []
    assert no_processes_left()


def test_items_are_taken_as_they_are_needed(run: Map) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for x in range(1000):
            taken.append(x)
            yield x

    with contextlib.closing(run(square, items(), 2)) as results:
        assert [next(results) for _ in range(3)] == [0, 1, 4]
        assert len(taken) <= 8
    assert no_processes_left()


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_comes_through_with_its_hint(run: Map, workers: int) -> None:
    results = run(fail_at_three, range(10), workers)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(DataError, match=r"x.txt, line 3: bad") as error:
        next(results)
    assert error.value.hint == "mend it"
    with pytest.raises(ZeroDivisionError):
        list(run(break_at_three, range(10), workers))
    assert no_processes_left()


def test_a_killed_worker_is_an_error_and_no_hang(run: Map) -> None:
    if run not in SEPARATE:
        pytest.skip("its worker is this process")
    with pytest.raises(ZhprepError, match="a worker process was killed") as error:
        list(run(die_at_three, range(10), 2))
    assert error.value.exit_code == 1
    assert "run the same command again" in error.value.hint
    assert no_processes_left()


@pytest.mark.parametrize("workers", [1, 2])
def test_closed_early_it_leaves_nothing_behind(run: Map, workers: int) -> None:
    n_threads = threading.active_count()
    results = run(square, range(1000), workers)
    next(results)
    results.close()
    assert no_processes_left()
    assert threading.active_count() <= n_threads
    run(square, range(10), workers).close()
    assert no_processes_left()


def test_an_error_of_the_caller_leaves_nothing_behind(run: Map) -> None:
    results = run(square, range(1000), 2)
    next(results)
    with pytest.raises(KeyboardInterrupt):
        results.throw(KeyboardInterrupt)
    assert no_processes_left()


def test_workers_use_one_thread_and_the_parent_keeps_its_environment(run: Map, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    before = dict(os.environ)
    threads, pids = zip(*run(environment, range(6), 2), strict=True)
    assert dict(os.environ) == before
    if run in SEPARATE:
        assert set(threads) == {"1"}
        assert os.getpid() not in pids
    else:
        assert set(pids) == {os.getpid()}


FORKED = """
import os, pickle, threading
os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy, pyarrow
from zhprep.core.executors import EXECUTORS
from zhprep.core.executors.processes import may_fork

run, shared = EXECUTORS["processes"], numpy.arange(10)
assert may_fork()
assert list(run(lambda x: int(shared[x]) ** 2, range(10), 2)) == [x * x for x in range(10)]
done = threading.Event()
other = threading.Thread(target=done.wait, daemon=True)
other.start()
assert not may_fork()
try:
    list(run(lambda x: x, range(10), 2))
except (AttributeError, pickle.PicklingError):  # sent to new processes: a lambda cannot be
    print("spawned")
done.set()
other.join()
assert may_fork()
assert list(run(lambda x: x, range(10), 2)) == list(range(10))
"""


def test_workers_are_copies_of_a_process_without_threads_and_of_no_other() -> None:
    if sys.platform != "linux":
        pytest.skip("forks on Linux alone")
    done = subprocess.run([sys.executable, "-W", "error", "-c", FORKED], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "spawned\n"), done.stderr


def test_what_cannot_be_sent_is_an_error_and_no_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "may_fork", lambda: False)
    with pytest.raises((AttributeError, pickle.PicklingError)):
        list(EXECUTORS["processes"](lambda x: x, range(10), 2))
    assert no_processes_left()
