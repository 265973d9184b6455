"""Engines that map a function over items, in order, holding no state of their own.

Each is ``map(function, items, workers) -> iterator of results`` in the order of ``items``, with a
bounded number under way. What is done is what has a receipt on disk, so any engine may die at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Any

from zhprep.core.executors.inline import map_inline
from zhprep.core.executors.processes import map_processes

Map = Callable[[Callable[[Any], Any], Iterable[Any], int], Generator[Any, None, None]]

EXECUTORS: dict[str, Map] = {
    "inline": map_inline,
    "processes": map_processes,
}
