"""One item ahead: the same items in the same order, errors in their turn, no thread left."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from zhprep.core.corpus.pieces import one_ahead


def counted(made: list[int], n: int) -> Iterator[int]:
    for number in range(n):
        made.append(number)
        yield number


def test_items_come_in_order_and_one_is_made_ahead() -> None:
    made: list[int] = []
    before = set(threading.enumerate())
    coming = one_ahead(counted(made, 5))
    assert next(coming) == 0
    assert list(coming) == [1, 2, 3, 4]
    assert made == [0, 1, 2, 3, 4]
    assert not set(threading.enumerate()) - before
    assert list(one_ahead(iter(()))) == []


def test_an_error_comes_after_what_came_before_it() -> None:
    def failing() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("third")

    coming = one_ahead(failing())
    assert (next(coming), next(coming)) == (1, 2)
    with pytest.raises(ValueError, match="third"):
        next(coming)


def test_closed_early_it_makes_no_more_and_leaves_no_thread() -> None:
    made: list[int] = []
    before = set(threading.enumerate())
    coming = one_ahead(counted(made, 1000))
    next(coming)
    coming.close()
    assert len(made) <= 2
    assert not set(threading.enumerate()) - before
