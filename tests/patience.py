"""How long a test waits for what must end: longer where this machine has more to do than it can."""

from __future__ import annotations

import os
import time

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
