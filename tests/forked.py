"""Commands that meet a fault, each in a copy of one process that has everything loaded: a case takes milliseconds.

``Server(folder)`` starts the process; ``run(command, fault)`` lets a copy of it do a command and returns what became
of it. Faults: ``{"step": n}`` SIGKILL before its nth touch of the file system below ``folder``; ``{"byte": n}`` death
by SIGXFSZ in the middle of a file, at its nth byte; ``{"full": n}`` no file grows beyond n bytes; ``{"kill": who,
"after": seconds}`` SIGKILL to the ``command``, to a ``worker``, to ``all``, or with ``term`` SIGTERM to all;
``{"strace": [expression, …]}`` what strace does with the system calls; ``{"count": true}`` none, but steps are counted.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from patience import is_late

TOUCHES = ("os.link", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate", "os.chmod", "shutil.rmtree")
HANG = 60.0
"""Seconds after which a command hangs; an idle machine takes a tenth of one."""
HUNG = -1000
"""The exit code of a command that hung."""


@dataclass(frozen=True)
class End:
    """What became of a command: its exit code (negative: the signal), what it said, steps or lines of strace, and how
    many of its processes were still there after it."""

    code: int
    err: str
    steps: int = 0
    trace: tuple[str, ...] = ()
    orphans: int = 0
    seconds: float = 0.0


class Server:
    """The process of which copies are made; ``folder`` is where they write."""

    def __init__(self, folder: Path, warm: list[list[str]]) -> None:
        from command_line import environment

        self._process = subprocess.Popen(
            [sys.executable, __file__, str(folder)], env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        for command in warm:
            end = self.run(command, {"warm": True})
            assert end.code == 0, (command, end)

    def run(self, command: list[str], fault: dict[str, Any] | None = None) -> End:
        """Run a command in a copy."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"command": command, "fault": fault or {}}) + "\n")
        self._process.stdin.flush()
        found = json.loads(self._process.stdout.readline())
        return End(**{**found, "trace": tuple(found["trace"])})

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        with self._process:  # closes its pipes
            self._process.stdin.close()


@contextlib.contextmanager
def server(folder: Path, warm: list[list[str]]) -> Iterator[Server]:
    """Inside, a server runs that has done the commands of ``warm``."""
    running = Server(folder, warm)
    try:
        yield running
    finally:
        running.close()


def main() -> None:
    from zhprep.core.shards.making import job

    job.WORTH_A_WORKER = 1  # two workers for any two blocks
    os.fsync = lambda _: None  # type: ignore[assignment]  # only a dead machine loses what is not synced
    replies, top = os.dup(1), sys.argv[1]
    os.dup2(2, 1)
    for line in sys.stdin:
        asked = json.loads(line)
        found = _warm(asked["command"]) if asked["fault"].get("warm") else _one(asked["command"], asked["fault"], top)
        os.write(replies, (json.dumps(found) + "\n").encode())


def _warm(command: list[str]) -> dict[str, Any]:
    """Do a command in this process itself, so that what is imported late is there for every copy."""
    code, err = _invoke(command)
    return {"code": code, "err": err, "trace": []}


def _invoke(command: list[str]) -> tuple[int, str]:
    import io

    from zhprep.cli import invoke
    from zhprep.cli.process import exit_code

    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = io.TextIOWrapper(io.BytesIO()), (err := io.TextIOWrapper(io.BytesIO(), write_through=True))
    try:
        code = exit_code(lambda: invoke(command))
        return code, err.buffer.getvalue().decode()  # type: ignore[attr-defined]
    finally:
        sys.stdout, sys.stderr = before


def _one(command: list[str], fault: dict[str, Any], top: str) -> dict[str, Any]:
    reading, writing = os.pipe()
    begin_reading, begin_writing = os.pipe()
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.close(reading)
        os.close(begin_writing)
        os.read(begin_reading, 1)
        _child(command, fault, top, writing)
    os.close(writing)
    os.close(begin_reading)
    tracer, log = _traced(pid, fault, top) if "strace" in fault else (None, None)
    os.write(begin_writing, b"x")
    os.close(begin_writing)
    if "kill" in fault:
        _kill(pid, fault)
    with os.fdopen(reading, "rb") as pipe:
        code = _wait(pid)
        orphans = _orphans(pid)
        said = pipe.read().decode()
    trace = []
    if tracer is not None:
        tracer.wait()
        trace = Path(str(log)).read_text("utf-8", "replace").splitlines()
        Path(str(log)).unlink()
    err, _, steps = said.rpartition("\x00")
    seconds = time.monotonic() - started
    return {"code": code, "err": err, "steps": int(steps or 0), "trace": trace, "orphans": orphans, "seconds": seconds}


def _child(command: list[str], fault: dict[str, Any], top: str, writing: int) -> None:
    steps, mine = 0, os.getpid()

    def touched(event: str, args: tuple[Any, ...]) -> None:
        nonlocal steps
        if event not in TOUCHES and not (event == "open" and str(args[0]).startswith(top)):
            return
        if os.getpid() != mine:  # workers are copies and have the hook, too: a step that kills each is another fault
            return
        if steps == fault.get("step", -1):
            os.kill(os.getpid(), signal.SIGKILL)
        steps += 1

    if "step" in fault or "count" in fault:
        sys.addaudithook(touched)
    if "byte" in fault:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    if "byte" in fault or "full" in fault:
        size = fault.get("byte", fault.get("full"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    code, err = _invoke(command)
    os.write(writing, f"{err}\x00{steps}".encode())
    os._exit(code)


def _wait(pid: int) -> int:
    began = time.monotonic()
    while not is_late(began, HANG):
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return HUNG


def _session(pid: int) -> list[int]:
    """Return the processes of the session of ``pid`` that are no zombies, but for itself."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != pid:
            with contextlib.suppress(OSError, ValueError), open(f"/proc/{entry}/stat", encoding="utf-8") as stat:
                state, _, _, session = stat.read().rpartition(")")[2].split()[:4]
                if int(session) == pid and state != "Z":
                    found.append(int(entry))
    return found


def _orphans(pid: int) -> int:
    """Return how many processes of a session that has lost its leader will not go; those are ended here."""
    began = time.monotonic()
    while (left := _session(pid)) and not is_late(began, 10.0):
        time.sleep(0.002)
    for one in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)
    return len(left)


def _kill(pid: int, fault: dict[str, Any]) -> None:
    """Wait, then send a signal to who is meant, if it is there."""
    chance = random.Random(fault["after"])
    time.sleep(fault["after"])
    with contextlib.suppress(ProcessLookupError):
        if fault["kill"] == "command":
            os.kill(pid, signal.SIGKILL)
        elif fault["kill"] == "worker":
            if workers := _session(pid):
                os.kill(chance.choice(workers), signal.SIGKILL)
        else:
            os.killpg(pid, signal.SIGTERM if fault["kill"] == "term" else signal.SIGKILL)


def _traced(pid: int, fault: dict[str, Any], top: str) -> tuple[subprocess.Popen[bytes], str]:
    """Attach strace to a process; returns when it watches."""
    log = f"{top}/../strace-{pid}.log"
    command = ["strace", "-f", "-qq", "-o", log, "-p", str(pid), *fault["strace"]]
    tracer = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    began = time.monotonic()
    while not is_late(began, HANG) and tracer.poll() is None:
        status = Path(f"/proc/{pid}/status").read_text("utf-8")
        if f"TracerPid:\t{tracer.pid}\n" in status:
            return tracer, log
        time.sleep(0.001)
    raise RuntimeError("strace cannot attach")


if __name__ == "__main__":
    main()
