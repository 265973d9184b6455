"""Engines that map a function over items, in order, holding no state of their own.

Each is ``map(function, items, workers, idle, told) -> iterator of results`` in the order of ``items``, with a bounded
number under way. The result for an item whose workers are killed again and again is ``Killed``; ``idle`` is called
now and then by an engine that waits, and ``told`` says whether to stop: then nothing more is begun, what has begun is
finished and its results are yielded too. What is done is what has a receipt on disk, so any engine may die at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Any, Protocol

from zhprep.core.registry import Parts
from zhprep.core.workers.outcome import ATTEMPTS, Killed

__all__ = ["ATTEMPTS", "EXECUTORS", "Killed", "Map"]


class Map(Protocol):
    """What every engine is."""

    def __call__(
        self,
        function: Callable[[Any], Any],
        items: Iterable[Any],
        workers: int,
        idle: Callable[[], None] | None = ...,
        told: Callable[[], bool] | None = ...,
    ) -> Generator[Any, None, None]:
        """Yield ``function(item)`` for each item, in order, until told to stop."""


EXECUTORS: dict[str, Map] = Parts(
    __name__, {"inline": "inline:map_inline", "processes": "processes:map_processes", "ray": "ray:map_ray"}
)
