"""Worker processes on this machine.

``ProcessPoolExecutor`` and not ``multiprocessing.Pool``: when a worker is killed the first raises, the
second waits for ever. Workers are spawned, because forking a process that has threads can deadlock.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Any, TypeVar

from zhprep.core.errors import ZhprepError
from zhprep.core.executors.inline import map_inline

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_processes(function: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """Yield ``function(item)`` in order, with at most two items per worker under way.

    A worker's exception cancels the rest and is raised here; a worker that is killed raises
    ``ZhprepError``.
    """
    if workers <= 1:
        yield from map_inline(function, items, workers)
        return
    queue = iter(items)
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(os.getpid(), function))
    under_way: deque[Future[Result]] = deque()
    try:
        under_way.extend(pool.submit(_apply, item) for item in islice(queue, 2 * workers))
        while under_way:
            result = under_way.popleft().result()
            under_way.extend(pool.submit(_apply, item) for item in islice(queue, 1))
            yield result
    except BrokenProcessPool as error:
        raise ZhprepError(
            "a worker process was killed (out of memory?)", hint="run the same command again, with fewer --workers; what is done is kept"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_FUNCTION: list[Callable[..., object]] = []  # sent to each worker once, with all that it has loaded


def _apply(item: Item) -> Any:
    return _FUNCTION[0](item)


def _begin(parent: int, function: Callable[..., object]) -> None:
    """Leave interrupts to the parent, and end when it does, however it does."""
    _FUNCTION[:] = [function]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
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
