"""Worker processes on this machine, which are replaced when they are killed.

Workers are forked where that is safe, so that they have at once all that is loaded here (a segmenter's dictionary,
say: half a second of each); forking a process that has threads can deadlock, so they are spawned where there are any.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

from zhprep.core.workers.ordered import in_order
from zhprep.core.workers.outcome import Killed
from zhprep.core.workers.pool import Failure, Pool

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_processes(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    workers: int,
    idle: Callable[[], None] | None = None,
    told: Callable[[], bool] | None = None,
) -> Generator[Result | Killed, None, None]:
    """Yield ``function(item)`` in order, with at most two items per worker under way.

    An item whose worker is killed is done again by another; where that happens ``ATTEMPTS`` times its result is
    ``Killed``, and the rest goes on. A worker's exception ends all the others and is raised here. When ``told``
    to stop, or when the caller stops early, what has begun is finished and nothing else is begun.
    """
    pool = Pool(function, workers, told=told)
    try:
        yield from in_order(pool, items, 2 * workers, idle, told)
    except GeneratorExit:
        pool.finish()
        raise
    finally:
        pool.kill()


def survives(function: Callable[[Item], object], item: Item) -> bool:
    """Whether a worker of its own is alive after ``function(item)``; raises what that raises."""
    pool = Pool(function, 1, attempts=1)
    try:
        pool.put(0, item)
        while not (came := pool.results()):
            pass
        result = came[0][1]
        if isinstance(result, Failure):
            raise result.raised()
        pool.finish()
        return not isinstance(result, Killed)
    finally:
        pool.kill()
