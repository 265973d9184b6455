"""Whole commands, start-up and all: their seconds by the clock and of processor, and what others took meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent


_LAUNCHER = """
import os, sys, time

def busy():  # seconds of processor of all processes since the machine started, and those stolen
    user, nice, system, _, _, irq, soft, steal, *_ = open("/proc/stat").readline().split()[1:]
    return sum(map(int, (user, nice, system, irq, soft, steal))) / os.sysconf("SC_CLK_TCK")

others, clock = busy(), time.perf_counter()
nowhere = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
_, status, usage = os.wait4(os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=nowhere), 0)
clock, others = time.perf_counter() - clock, busy() - others
print(clock, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, others)
sys.exit(os.waitstatus_to_exitcode(status) != 0)
"""
"""Runs a command from a small process: what a process held at most counts that of the one that it was started from."""


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
    launched = subprocess.run(  # -m looks in the root first
        [sys.executable, "-S", "-c", _LAUNCHER, *line], env=environment, cwd=root, stdout=subprocess.PIPE, check=False
    )
    assert launched.returncode == 0, line
    clock, processor, memory, busy = map(float, launched.stdout.split())
    return Took(clock, processor, max(0.0, busy - processor) / clock, memory / 1024)


def zhprep(name: str, *arguments: object, root: Path = ROOT) -> Took:
    """Run a command of ours, or of another checkout of zhprep with the Python of its own that it has."""
    own = root / ".venv" / "bin" / "python"
    python = str(own) if root != ROOT and own.exists() else sys.executable
    return command("-m", "zhprep", name, *arguments, "--quiet", "--overwrite", root=root, python=python)


def quickest(took: list[Took]) -> Took:
    return min(took, key=lambda one: one.clock)
