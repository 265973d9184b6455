"""Results in the order of their items, of whatever does them in any order."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterable
from typing import Any, Protocol

from zhprep.core.workers.pool import Failure


class Doing(Protocol):
    """What does items, each known by its number."""

    def put(self, number: int, item: Any) -> None:
        """Add an item to be done."""

    def results(self) -> Iterable[tuple[int, Any]]:
        """Wait a while for results; give those that came, each after its number."""

    def finish(self) -> Iterable[tuple[int, Any]]:
        """Begin no more; give the results of what has begun."""


def in_order(
    doing: Doing, items: Iterable[Any], window: int, idle: Callable[[], None] | None, told: Callable[[], bool] | None
) -> Generator[Any, None, None]:
    """Yield the result of each item, with at most ``window`` of them put and not yielded; raises the error of one.

    Once ``told`` no more is begun: what has begun is finished, and yielded too.
    """
    queue, came, put = enumerate(items), dict[int, Any](), 0

    def put_next(most: int) -> int:
        numbered = [] if told is not None and told() else list(itertools.islice(queue, most))
        for one in numbered:
            doing.put(*one)
        return len(numbered)

    put += put_next(window)
    for number in itertools.count():
        while number < put and number not in came and not (told is not None and told()):
            came.update(doing.results())
            if idle is not None:
                idle()
        if number not in came:
            break
        result = _checked(came.pop(number))
        put += put_next(1)
        yield result
    came.update(doing.finish())
    for number in sorted(came):
        yield _checked(came[number])


def _checked(result: Any) -> Any:
    if isinstance(result, Failure):
        raise result.raised()
    return result
