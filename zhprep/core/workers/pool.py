"""Worker processes, each at the end of a pipe of its own: when one is killed it is known at which item, and which
items are to be done again.

``multiprocessing.Pool`` waits for ever when a worker is killed, and ``ProcessPoolExecutor`` gives everything up and
knows not why. There are no threads here, so that a worker can be forked in the place of one that was killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from zhprep.core.errors import ZhprepError
from zhprep.core.stalls import TICK
from zhprep.core.workers.outcome import ATTEMPTS, Killed
from zhprep.core.workers.worker import FAILED, READY, work

PATIENCE = 10 * ATTEMPTS
"""How many workers in a row may end before they listen, where others of the pool have begun: they are being killed."""

_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}


@dataclass
class _Worker:
    """A worker process, what it is at (a number and an item), and whether it has begun to listen."""

    process: BaseProcess
    pipe: Connection
    task: tuple[int, Any] | None = None
    ready: bool = False
    alone: bool = False


class Pool:
    """``workers`` processes that apply ``function``; ``attempts`` of them may be killed at an item.

    Once ``told`` none is given another item: what waits is dropped.
    """

    def __init__(
        self, function: Callable[[Any], Any], workers: int, *, attempts: int = ATTEMPTS,
        told: Callable[[], bool] | None = None,
    ) -> None:  # fmt: skip
        self._function = function
        self._attempts = attempts
        self._told = told
        self._context = get_context("fork" if may_fork() else "spawn")
        self._waiting: deque[tuple[int, Any]] = deque()
        self._deaths: Counter[int] = Counter()
        self._stillborn, self._allowed = 0, ATTEMPTS
        self._workers: list[_Worker] = []
        try:
            for _ in range(workers):
                self._workers.append(self._start())
        except BaseException:
            self.kill()
            raise

    def put(self, number: int, item: Any) -> None:
        """Add an item to be done, known by its ``number``."""
        self._waiting.append((number, item))

    def results(self) -> list[tuple[int, Any]]:
        """Wait for results, ``TICK`` seconds at most; return those that came, each after its number.

        A result is what the function returned, :class:`Failure`, or ``Killed``. Raises ``ZhprepError`` when workers
        cannot even begin.
        """
        self._hand_out()
        there = {id(end): worker for worker in self._workers for end in (worker.pipe, worker.process.sentinel)}
        ends = [end for worker in self._workers for end in (worker.pipe, worker.process.sentinel)]
        heard = {id(there[id(end)]): there[id(end)] for end in wait(ends, TICK)}
        found = [result for worker in heard.values() for result in self._listen(worker)]
        self._hand_out()
        return found

    def finish(self) -> list[tuple[int, Any]]:
        """Let every worker end what it is at, drop the rest, wait for the processes to be gone; return what came."""
        self._waiting.clear()
        came = []
        while any(worker.task for worker in self._workers):
            came += self.results()
        for worker in self._workers:
            with contextlib.suppress(OSError):  # it is dead
                worker.pipe.send(())
        self._join()
        return came

    def kill(self) -> None:
        """End every process now: they leave all signals but SIGKILL to the parent."""
        for worker in self._workers:
            worker.process.kill()
        self._join()

    def _join(self) -> None:
        for worker in self._workers:
            worker.process.join()
            worker.process.close()
            worker.pipe.close()
        self._workers.clear()

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(  # type: ignore[attr-defined]
            target=work, args=(os.getpid(), self._function, theirs)
        )
        with theirs, _environment(_ONE_THREAD), warnings.catch_warnings():  # read as a worker starts, if it is spawned
            warnings.filterwarnings("ignore", ".*multi-threaded, use of fork", DeprecationWarning)  # see may_fork
            process.start()
        return _Worker(process, ours)

    def _hand_out(self) -> None:
        """Give waiting items to idle workers; the last attempt at one is made while nothing else is under way, so
        that a want of memory is not laid to it which others had a part in."""
        if self._told is not None and self._told():
            self._waiting.clear()
        idle = [worker for worker in self._workers if worker.ready and worker.task is None]
        while idle and self._waiting and not any(worker.alone for worker in self._workers):
            last = 0 < self._attempts - 1 == self._deaths[self._waiting[0][0]]
            if last and any(worker.task for worker in self._workers):
                return
            worker = idle.pop(0)
            worker.task, worker.alone = self._waiting.popleft(), last
            with contextlib.suppress(OSError):  # it has died just now: that is heard next
                worker.pipe.send((worker.task[1],))

    def _listen(self, worker: _Worker) -> Iterator[tuple[int, Any]]:
        """Yield what ``worker`` has said; put another in its place if it is dead."""
        try:
            while worker.pipe.poll():
                kind, *rest = worker.pipe.recv()
                self._stillborn, self._allowed = 0, PATIENCE
                if kind == READY:
                    worker.ready = True
                    continue
                assert worker.task is not None
                number, worker.task, worker.alone = worker.task[0], None, False
                yield number, Failure(*rest) if kind == FAILED else rest[0]
        except (EOFError, OSError):
            yield from self._bury(worker)

    def _bury(self, worker: _Worker) -> Iterator[tuple[int, Any]]:
        worker.process.join()
        how = _end_of(worker.process.exitcode)
        self._stillborn += not worker.ready
        if self._stillborn >= self._allowed:
            raise ZhprepError(f"worker processes end as they begin ({how})", hint="run again with --workers 1")
        if worker.task is not None:
            number, item = worker.task
            self._deaths[number] += 1
            if self._deaths[number] >= self._attempts:
                yield number, Killed(item, how)
            else:
                self._waiting.appendleft(worker.task)
        self._workers[self._workers.index(worker)] = self._start()
        worker.pipe.close()
        worker.process.close()


@dataclass(frozen=True)
class Failure:
    """An error that the function raised in a worker, and where."""

    error: Exception
    where: str

    def raised(self) -> Exception:
        """Return the error, to be raised, with the place in the worker."""
        self.error.add_note(self.where)
        return self.error


def may_fork() -> bool:
    """Whether a copy of this process can go on: it has no thread that may hold a lock, which nobody would open there.

    Arrow's allocator (jemalloc) has one that looks after itself when its process is forked.
    """
    try:
        names = [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]
    except OSError:  # not Linux, or a thread has ended just now
        return False
    return len([name for name in names if name != "jemalloc_bg_thd"]) == 1


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set environment variables that are not set, for as long as the block lasts."""
    added = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


def _end_of(code: int | None) -> str:
    """Say how a process ended."""
    if code is not None and code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"
