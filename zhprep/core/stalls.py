"""Hear that nothing is heard: who waits looks now and then, in a thread if the work is done in this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable

TICK = 5.0
"""Seconds after which whoever waits for results hears that there are none."""

STALLED = 60.0
"""Seconds without news that are worth saying; said again each time they have doubled."""


class Silence:
    """How long it is since there was news."""

    def __init__(self) -> None:
        self._state: Hashable = None
        self._since = time.monotonic()
        self._told_at = 0.0

    def of(self, state: Hashable, *, least: float = 0.0) -> float:
        """Return the seconds for which the state has been this, when that has to be said now; else 0.

        That is after ``STALLED`` seconds, or ``least`` if that is more, and each time the silence has doubled.
        """
        now = time.monotonic()
        if state != self._state:
            self._state, self._since, self._told_at = state, now, 0.0
        silent = now - self._since
        if silent < max(STALLED, least, 2 * self._told_at):
            return 0.0
        self._told_at = silent
        return silent


class Ticking:
    """Between ``start`` and ``stop`` a thread calls ``function`` every ``TICK`` seconds."""

    def __init__(self, function: Callable[[], None]) -> None:
        self._function = function
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._tick, name="ticks", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for the thread to be gone: a process that has one cannot be forked."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def __enter__(self) -> Ticking:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _tick(self) -> None:
        while not self._stopped.wait(TICK):
            self._function()
