"""Functions of one item, for engines whose workers import what they are sent."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from zhprep.core.errors import DataError


def square(x: int) -> int:
    time.sleep(0.02 * (x % 3 == 0))  # so that later items are done first
    return x * x


def begin(item: tuple[str, int]) -> int:
    """Leave a file that says so; wait for the file `go` at 0."""
    folder, x = Path(item[0]), item[1]
    (folder / str(x)).touch()
    end = time.monotonic() + 120
    while x == 0 and not (folder / "go").exists() and time.monotonic() < end:
        time.sleep(0.02)
    return x


def fail_at_three(x: int) -> int:
    if x == 3:
        raise DataError("x.txt, line 3: bad", hint="mend it")
    return x


def die_at_three(x: int) -> int:
    if x == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return x


def node(_: int) -> str:
    import ray

    time.sleep(0.2)
    return str(ray.get_runtime_context().get_node_id())
