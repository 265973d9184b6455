"""Load what a task takes while its corpus is planned: workers are forked with it, and planning leaves a core idle.

One guesses what the corpus holds: lines of text, as most do. Where it is something else, what was loaded is left.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Generic, TypeVar

from zhprep.core.shards.making.maker import BlockTask

if TYPE_CHECKING:
    from concurrent.futures import Future

Task = TypeVar("Task", bound=BlockTask)


class Ahead(Generic[Task]):
    """Inside its ``with`` block a thread loads what ``task`` takes; after it the thread is gone, and one may fork.

    What is wrong with the task is told by whoever needs it.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        self._loading: Future[None] | None = None

    def instead_of(self, task: Task) -> Task:
        """Return the task that was loaded, if ``task`` is the same; else ``task``."""
        loaded = self._loading is not None and self._loading.exception() is None
        return self._task if loaded and self._task == task else task

    def _load(self) -> None:
        self._task.facts()
        self._task.schema()

    def __enter__(self) -> None:
        from concurrent.futures import ThreadPoolExecutor  # for those who have work for several

        self._threads = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._loading = self._threads.submit(self._load)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown()
