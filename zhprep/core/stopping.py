"""Stop early on purpose: SIGTERM, SIGUSR1 or a time limit, at the next safe place."""

from __future__ import annotations

import contextlib
import re
import signal
import time
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any

from zhprep.core.errors import Stopped, UsageError

SIGNALS = (signal.SIGTERM, signal.SIGUSR1)
"""Those that ask to stop: of schedulers the usual one, and the one that `sbatch --signal=USR1@…` sends ahead of it."""


class Stopping:
    """Inside its ``with`` block SIGTERM and SIGUSR1 only raise a flag; so does a time limit in seconds from when it is
    made."""

    def __init__(self, seconds: float | None = None) -> None:
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._signalled = False
        self._before: dict[int, Any] = {}

    @property
    def told(self) -> bool:
        """True from when one was told to stop."""
        return self._signalled or (self._deadline is not None and time.monotonic() >= self._deadline)

    def __enter__(self) -> Stopping:
        for number in SIGNALS:
            try:
                self._before[number] = signal.signal(number, self._signal)
            except ValueError:  # not the main thread: signals are somebody else's business
                break
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            if kind is not None and handler is _raise_stopped:  # an error leaves the command, and is what is to be told
                signal.signal(number, signal.SIG_IGN)
            else:
                signal.signal(number, signal.SIG_DFL if handler is None else handler)  # None: not set by Python

    def _signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signalled = True


@contextlib.contextmanager
def stopped_by(*numbers: int) -> Iterator[None]:
    """Inside, a signal raises ``Stopped``, so that temporary files are removed; the loops wait for a safe place."""
    before: dict[int, Any] = {}
    try:
        with contextlib.suppress(ValueError):  # not the main thread
            for number in numbers:
                before[number] = signal.signal(number, _raise_stopped)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def _raise_stopped(_number: int, _frame: FrameType | None) -> None:
    raise Stopped("stopped by a signal", hint="run the same command again")


def parse_duration(text: str) -> float:
    """Return the seconds of ``11h50m``, ``90s``, ``1h`` or ``HH:MM:SS``; raises ``UsageError``."""
    clock = re.fullmatch(r"(?:(\d+)-)?(\d+):(\d\d)(?::(\d\d))?", text)
    if clock:
        days, hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
    units = re.fullmatch(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?", text)
    if not units or not text:
        raise UsageError(f"{text!r} is not a duration", hint="write 11h50m, 90s or 11:50:00")
    days, hours, minutes, seconds = (int(part or 0) for part in units.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
