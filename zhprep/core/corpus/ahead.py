"""Do two things at once: a thread makes the next item while the caller deals with this one."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

Item = TypeVar("Item")

_END: Any = object()


def one_ahead(items: Iterator[Item]) -> Generator[Item, None, None]:
    """Yield ``items``; what making one raises is raised here in its turn.

    It pays where most of the work is done by code that lets go of Python's lock: hashes, decompression, arrays.
    The thread is gone when the generator is closed or has come to its end.
    """
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, items, _END)
        while (item := coming.result()) is not _END:
            coming = thread.submit(next, items, _END)
            yield cast(Item, item)
