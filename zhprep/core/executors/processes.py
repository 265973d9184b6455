"""Worker processes on this machine.

``ProcessPoolExecutor`` and not ``multiprocessing.Pool``: when a worker is killed the first raises, the
second waits for ever. Workers are forked where that is safe, so that they have at once all that is loaded
here (a segmenter's dictionary, say: half a second of each); forking a process that has threads can
deadlock, so they are spawned where there are any.
"""

from __future__ import annotations

import contextlib
import os
import signal
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing.context import ForkContext, SpawnContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar

from zhprep.core.errors import ZhprepError
from zhprep.core.executors.inline import map_inline

Item = TypeVar("Item")
Result = TypeVar("Result")

_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}


def map_processes(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Generator[Result, None, None]:
    """Yield ``function(item)`` in order, with at most two items per worker under way.

    A worker's exception ends all the others and is raised here; a worker that is killed raises
    ``ZhprepError``. When the caller stops early, what has begun is finished.
    """
    if workers <= 1:
        yield from map_inline(function, items, workers)
        return
    queue = iter(items)
    context: _Forking | _Spawning = _Forking() if may_fork() else _Spawning()
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(os.getpid(), function))
    under_way: deque[Future[Result]] = deque()
    try:
        with _environment(_ONE_THREAD), warnings.catch_warnings():  # read as a worker starts, if it is spawned
            warnings.filterwarnings("ignore", ".*multi-threaded, use of fork", DeprecationWarning)  # see may_fork
            under_way.extend(pool.submit(_apply, item) for item in islice(queue, 2 * workers))
        while under_way:
            result = under_way.popleft().result()
            under_way.extend(pool.submit(_apply, item) for item in islice(queue, 1))
            yield result
    except GeneratorExit:
        raise
    except BrokenProcessPool as error:
        context.kill()
        raise ZhprepError(
            f"a worker process was killed (out of memory?): {error}",
            hint="run the same command again, with fewer --workers; what is done is kept",
        ) from error
    except BaseException:
        context.kill()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def may_fork() -> bool:
    """Whether a copy of this process can go on: it has no thread that may hold a lock, which nobody would open there.

    Arrow's allocator (jemalloc) has one that looks after itself when its process is forked.
    """
    try:
        names = [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]
    except OSError:  # not Linux, or a thread has ended just now
        return False
    return len([name for name in names if name != "jemalloc_bg_thd"]) == 1


class _Remembering:
    """Remembers the processes started, to be able to end them: they leave all signals but SIGKILL to the parent."""

    def __init__(self) -> None:
        super().__init__()
        self._started: list[BaseProcess] = []

    def Process(self, *args: Any, **options: Any) -> BaseProcess:
        process: BaseProcess = super().Process(*args, **options)  # type: ignore[misc]
        self._started.append(process)
        return process

    def kill(self) -> None:
        """End every process that was started."""
        for process in self._started:
            if process.pid is not None:
                process.kill()


class _Forking(_Remembering, ForkContext):  # type: ignore[misc]  # of a class, a function
    """Workers are copies of this process."""


class _Spawning(_Remembering, SpawnContext):  # type: ignore[misc]
    """Workers are new processes, which are sent the function and load what it needs."""


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


_FUNCTION: list[Callable[..., object]] = []  # what a worker applies; each gets it once, as it begins


def _apply(item: Item) -> Any:
    return _FUNCTION[0](item)


def _begin(parent: int, function: Callable[..., object]) -> None:
    """Leave signals to the parent (schedulers and terminals signal the whole group), and end when it does."""
    _FUNCTION[:] = [function]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    _die_with(parent)


def _die_with(parent: int) -> None:
    """Ask the kernel for SIGKILL when the parent dies, so that no orphan goes on writing."""
    try:
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)
    except (OSError, AttributeError):  # not Linux: the pool's own pipe breaks instead
        return
    if os.getppid() != parent:
        os._exit(1)
