"""One item after another, in this process."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

from zhprep.core.stalls import Ticking

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_inline(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    workers: int,  # noqa: ARG001
    idle: Callable[[], None] | None = None,
    told: Callable[[], bool] | None = None,
) -> Generator[Result, None, None]:
    """Yield ``function(item)`` for each item until ``told`` to stop, however many workers are asked for."""
    with contextlib.nullcontext() if idle is None else Ticking(idle):
        for item in items:  # a generator, so that it can be closed as that of every engine
            if told is not None and told():
                return
            yield function(item)
