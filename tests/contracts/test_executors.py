"""What every executor promises."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from patience import wait_until
from plain_items import begin, die_at_three, fail_at_three, square

from zhprep.core.errors import DataError, ZhprepError
from zhprep.core.executors import EXECUTORS, Killed, Map
from zhprep.core.executors.processes import map_processes
from zhprep.core.workers import pool, worker

TESTS = Path(__file__).parents[1]
SEPARATE = {EXECUTORS["processes"]}
"""Those whose workers are processes of their own."""


@pytest.fixture(params=["inline", "processes", "processes, spawned"])  # ray: tests/faults/test_ray.py, on a cluster
def run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Map:
    name, _, spawned = request.param.partition(", ")
    monkeypatch.setattr(pool, "may_fork", lambda: not spawned)  # else never forked: pytest-xdist has threads
    return EXECUTORS[name]


def die_at_first(item: tuple[str, int]) -> int:
    """Die so many times before it is done; return how often it was tried in vain."""
    path, deaths = Path(item[0]), item[1]
    before = len(path.read_bytes()) if path.exists() else 0
    if before < deaths:
        with open(path, "ab") as file:
            file.write(b"x")
        os.kill(os.getpid(), signal.SIGKILL)
    return before


def alone_at_last(item: tuple[str, str, int]) -> bool:
    """Whether nobody else was at work, as far as could be seen."""
    folder, name, deaths = Path(item[0]), item[1], item[2]
    mine = folder / f"at-{name}"
    mine.touch()
    tried = die_at_first((str(folder / name), deaths))
    time.sleep(0.05)
    others = [path for path in folder.glob("at-*") if path != mine]
    mine.unlink()
    return tried == deaths and not others


def wait_a_little(x: int) -> int:
    time.sleep(0.01)
    return x


def begin_late(*args: Any) -> None:
    time.sleep(0.3)
    worker.work(*args)


def exit_at_once(*_: object) -> None:
    os._exit(7)


class Odd(Exception):
    def __init__(self, what: str, more: str) -> None:
        super().__init__(what)


def raise_odd(_: int) -> int:
    raise Odd("an odd one", "more")


def break_at_three(x: int) -> int:
    return 1 // (x - 3)


def environment(_: int) -> tuple[str | None, int]:
    return os.environ.get("OMP_NUM_THREADS"), os.getpid()


def no_processes_left() -> bool:
    wait_until(lambda: not multiprocessing.active_children(), 20)
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


def test_told_to_stop_it_begins_no_more_and_gives_what_had_begun(
    run: Map, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two have begun, one of which takes long; the other is done, and its worker idle, when it is told."""
    monkeypatch.setattr(pool, "TICK", 0.1)
    asked: list[float] = []

    def told() -> bool:
        if (tmp_path / "1").exists():
            asked.append(time.monotonic())
            if asked[-1] - asked[0] > 0.5:
                (tmp_path / "go").touch()
        return bool(asked)

    if run not in SEPARATE:
        (tmp_path / "go").touch()
    items = [(str(tmp_path), x) for x in range(10)]
    assert list(run(begin, items, 2, None, told)) == [0, 1]
    assert {path.name for path in tmp_path.iterdir()} == {"0", "1", "go"}
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


@pytest.mark.parametrize("workers", [1, 3])
def test_an_item_that_kills_its_worker_is_given_up_and_the_rest_goes_on(run: Map, workers: int) -> None:
    if run not in SEPARATE:
        pytest.skip("its worker is this process")
    results = list(run(die_at_three, range(10), workers))
    assert results == [0, 1, 2, Killed(3, "SIGKILL"), *range(4, 10)]
    assert no_processes_left()


@pytest.mark.parametrize("deaths", [1, 2])
def test_an_item_whose_worker_is_killed_is_done_again(deaths: int, tmp_path: Path) -> None:
    items = [(str(tmp_path / str(x)), deaths if x in (0, 3, 4) else 0) for x in range(8)]
    assert list(map_processes(die_at_first, items, 2)) == [deaths if x in (0, 3, 4) else 0 for x in range(8)]
    assert no_processes_left()


def test_the_last_attempt_is_made_alone(tmp_path: Path) -> None:
    items = [(str(tmp_path), str(x), 2 if x == 1 else 0) for x in range(6)]
    assert all(alone or item[2] == 0 for item, alone in zip(items, map_processes(alone_at_last, items, 3), strict=True))


@pytest.mark.parametrize("rounds", [pytest.param(2, id="few"), pytest.param(40, id="many", marks=pytest.mark.nightly)])
def test_workers_killed_from_outside_at_random(rounds: int) -> None:
    for seed in range(rounds):
        chance = random.Random(seed)
        results, last = [], 0
        for result in map_processes(wait_a_little, range(60), 2):
            results.append(result)
            if len(results) - last >= 4 and chance.random() < 0.4:  # no item is under way for more than two of them
                victim = chance.choice(multiprocessing.active_children())
                os.kill(int(victim.pid or 0), signal.SIGKILL)
                last = len(results)
        assert results == list(range(60))
    assert no_processes_left()


def test_workers_killed_as_they_begin_are_no_error_where_another_is_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    results = map_processes(wait_a_little, range(30), 2)
    others = [next(results)]
    monkeypatch.setattr(pool, "work", begin_late)
    at_work = multiprocessing.active_children()[0].pid
    killed: set[int] = set()
    for result in results:
        others.append(result)
        victims = {int(child.pid or 0) for child in multiprocessing.active_children() if child.pid != at_work} - killed
        for victim in victims if len(killed) < 6 else ():
            os.kill(victim, signal.SIGKILL)
        killed |= victims
    assert others == list(range(30))
    assert len(killed) >= 6
    assert no_processes_left()


def test_workers_that_cannot_begin_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "work", exit_at_once)
    with pytest.raises(ZhprepError, match=r"end as they begin \(exit code 7\)"):
        list(EXECUTORS["processes"](square, range(10), 2))
    assert no_processes_left()


def test_an_error_that_cannot_be_sent_is_told_all_the_same(run: Map) -> None:
    with pytest.raises((Odd, RuntimeError), match="an odd one"):
        list(run(raise_odd, range(3), 2))
    assert no_processes_left()


@pytest.mark.parametrize("workers", [1, 2])
def test_closed_early_it_leaves_nothing_behind(run: Map, workers: int) -> None:
    before = set(threading.enumerate())
    results = run(square, range(1000), workers)
    next(results)
    results.close()
    assert no_processes_left()
    assert not set(threading.enumerate()) - before
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
from zhprep.core.workers.pool import may_fork
from patience import wait_until

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
wait_until(may_fork)  # the system forgets a thread a little later
assert list(run(lambda x: x, range(10), 2)) == list(range(10))
"""


def test_workers_are_copies_of_a_process_without_threads_and_of_no_other() -> None:
    if sys.platform != "linux":
        pytest.skip("forks on Linux alone")
    paths = {"PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)])}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORKED],
        env=os.environ | paths, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "spawned\n"), done.stderr


def test_what_cannot_be_sent_is_an_error_and_no_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "may_fork", lambda: False)
    with pytest.raises((AttributeError, pickle.PicklingError)):
        list(EXECUTORS["processes"](lambda x: x, range(10), 2))
    assert no_processes_left()
