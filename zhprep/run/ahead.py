"""Load what a task takes while its corpus is planned: workers are forked with it, and planning leaves a core idle.

One guesses what the corpus holds: lines of text, as most do. Where it is something else, what was loaded is left.
"""

from __future__ import annotations

import contextlib
import threading
from types import TracebackType
from typing import Generic, TypeVar

from zhprep.core.shards.making.maker import BlockTask

Task = TypeVar("Task", bound=BlockTask)


class Ahead(Generic[Task]):
    """Inside its ``with`` block a thread loads what ``task`` takes; after it the thread is gone, and one may fork."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._thread = threading.Thread(target=self._load, name="ahead")
        self._loaded = False

    def instead_of(self, task: Task) -> Task:
        """Return the task that was loaded, if ``task`` is the same; else ``task``."""
        return self._task if self._loaded and self._task == task else task

    def _load(self) -> None:
        with contextlib.suppress(Exception):  # what is wrong is told by whoever needs it
            self._task.facts()
            self._task.schema()
            self._loaded = True

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.join()
