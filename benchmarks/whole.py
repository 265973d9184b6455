"""Whole commands, start-up and all: their seconds by the clock and of processor, and what others took meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Took:
    """What a command took; ``others`` is how many cores others used, or kept from us, while it ran."""

    clock: float
    processor: float
    others: float
    memory: float = 0.0
    """The most that the process held, MB."""


def command(*arguments: object, python: str = sys.executable) -> Took:
    """Run Python with ``arguments``, with one thread a process: this zhprep, or that of another ``python``."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program has its bytecode
    if python == sys.executable:
        environment["PYTHONPATH"] = str(ROOT)
    line = [python, *map(str, arguments)]
    busy, clock = _busy(), time.perf_counter()
    process = subprocess.Popen(line, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    clock, busy = time.perf_counter() - clock, _busy() - busy
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, line
    processor = usage.ru_utime + usage.ru_stime
    return Took(clock, processor, max(0.0, busy - processor) / clock, usage.ru_maxrss / 1024)


def zhprep(name: str, *arguments: object, python: str = sys.executable) -> Took:
    """Run a command of ours."""
    return command("-m", "zhprep", name, *arguments, "--quiet", "--overwrite", python=python)


def quickest(took: list[Took]) -> Took:
    return min(took, key=lambda one: one.clock)


def _busy() -> float:
    """Return the seconds of processor that all processes have used since the machine started, and those stolen."""
    user, nice, system, _, _, irq, soft, steal, *_ = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    return sum(map(int, (user, nice, system, irq, soft, steal))) / os.sysconf("SC_CLK_TCK")
