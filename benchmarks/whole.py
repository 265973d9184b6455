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
    memory: float
    """The most that the process held, MB."""


def command(*arguments: object, root: Path = ROOT, python: str = sys.executable) -> Took:
    """Run ``python`` with ``arguments``, each process of it with one thread; zhprep is that of ``root``."""
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program has its bytecode
    line = [python, *map(str, arguments)]
    busy, clock = _busy(), time.perf_counter()
    process = subprocess.Popen(line, env=environment, cwd=root, stdout=subprocess.DEVNULL)  # -m looks there first
    _, status, usage = os.wait4(process.pid, 0)
    clock, busy = time.perf_counter() - clock, _busy() - busy
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, line
    processor = usage.ru_utime + usage.ru_stime
    return Took(clock, processor, max(0.0, busy - processor) / clock, usage.ru_maxrss / 1024)


def zhprep(name: str, *arguments: object, root: Path = ROOT) -> Took:
    """Run a command of ours, or of another checkout of zhprep with the Python of its own that it has."""
    own = root / ".venv" / "bin" / "python"
    python = str(own) if root != ROOT and own.exists() else sys.executable
    return command("-m", "zhprep", name, *arguments, "--quiet", "--overwrite", root=root, python=python)


def quickest(took: list[Took]) -> Took:
    return min(took, key=lambda one: one.clock)


def _busy() -> float:
    """Return the seconds of processor that all processes have used since the machine started, and those stolen."""
    user, nice, system, _, _, irq, soft, steal, *_ = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    return sum(map(int, (user, nice, system, irq, soft, steal))) / os.sysconf("SC_CLK_TCK")
