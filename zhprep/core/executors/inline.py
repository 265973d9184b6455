"""One item after another, in this process."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_inline(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    workers: int,  # noqa: ARG001
    idle: Callable[[], None] = lambda: None,  # noqa: ARG001
) -> Generator[Result, None, None]:
    """Yield ``function(item)`` for each item, however many workers are asked for."""
    for item in items:  # a generator, so that it can be closed as that of every engine
        yield function(item)
