"""How long a test waits for what must end: longer where this machine has more to do than it can."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_SPIN = 0.05
MOST = 20.0
"""How many times as long at most: what hangs is found even where nothing else moves."""


def patience(seconds: float) -> float:
    """Return ``seconds``, times what a moment of work takes by the clock here and now, as other work leaves this process
    its part of the cores (`nice` too), or times the work that waits for each core."""
    began, spent = time.perf_counter(), time.process_time()
    while time.process_time() - spent < _SPIN:
        pass
    slow = (time.perf_counter() - began) / _SPIN
    return seconds * min(MOST, max(1.0, slow, os.getloadavg()[0] / (os.cpu_count() or 1)))


def is_late(began: float, seconds: float) -> bool:
    """Whether more than ``seconds`` has passed since ``began``, and more than that is here and now."""
    passed = time.monotonic() - began
    return passed > seconds and passed > patience(seconds)


def wait_until(condition: Callable[[], T], seconds: float = 60.0, every: float = 0.01) -> T:
    """Return what ``condition`` gives as soon as that is true; fail where it is not within ``seconds`` of patience."""
    began = time.monotonic()
    while not (found := condition()):
        assert not is_late(began, seconds), f"nothing happened within {seconds:g} seconds of patience"
        time.sleep(every)
    return found
