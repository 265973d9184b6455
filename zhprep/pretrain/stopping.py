"""When to stop early: after a step, after a time, or when the scheduler says so (SIGTERM, SIGUSR1)."""

from __future__ import annotations

import contextlib
import re
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

from zhprep.core.errors import UsageError

_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
_SIGNALS = (signal.SIGTERM, signal.SIGUSR1)


def parse_duration(text: str) -> float:
    """Return the seconds that ``text`` means: ``11h50m``, ``90s``, or a plain number of seconds; infinite if empty.

    Raises ``UsageError`` for anything else.
    """
    if not text:
        return float("inf")
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    if not re.fullmatch(r"(\d+(\.\d+)?[dhms])+", text):
        raise UsageError(f"{text!r} is not a duration", hint="write it like 11h50m, 30m or 90s")
    return sum(float(number) * _UNITS[unit] for number, _, unit in re.findall(r"(\d+(\.\d+)?)([dhms])", text))


class Stopper:
    """Knows why the run should stop now, if it should. Counts time from when it is made."""

    def __init__(self, stop_after: int = 0, time_limit: str = "") -> None:
        self._last_step = stop_after or float("inf")
        self._deadline = time.monotonic() + parse_duration(time_limit)
        self._signal = ""

    def reason(self, step: int) -> str:
        """Return why to stop when ``step`` steps are done, or an empty string to go on."""
        if self._signal:
            return self._signal
        if step >= self._last_step:
            return f"--stop-after {step}"
        return "the time limit" if time.monotonic() >= self._deadline else ""

    @contextlib.contextmanager
    def listening(self) -> Iterator[Stopper]:
        """Take SIGTERM and SIGUSR1 as wishes to stop while the block runs (in the main thread; elsewhere do nothing)."""
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        before = {number: signal.signal(number, self._receive) for number in _SIGNALS}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _receive(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self._signal = signal.Signals(number).name
