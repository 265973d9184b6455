"""Run commands: in this process with streams of their own, or in a process of their own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import psutil
from patience import patience

PACKAGE_PARENT = Path(__file__).parent.parent
COUNTS = (
    "documents_in", "documents_out", "sentences", "characters", "tokens", "instances", "masked_tokens", "unk_tokens",
    "dropped", "changed", "content_sha256", "seconds", "chars_per_second", "peak_rss_bytes", "output",
)  # fmt: skip
"""The keys that every report has."""


@dataclass(frozen=True)
class Result:
    """What a command gave."""

    code: int
    out: bytes
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """The one JSON object on stdout."""
        report = json.loads(self.out)
        assert isinstance(report, dict)
        return report


def zhprep(*arguments: object, stdin: bytes | BinaryIO = b"") -> Result:
    """Run a command in this process; ``stdin`` is what it reads, or where it comes from."""
    from zhprep.cli import invoke
    from zhprep.cli.process import exit_code

    with _streams(stdin) as (out, err):
        code = exit_code(lambda: invoke([str(argument) for argument in arguments]), log_json="--log-json" in arguments)
        sys.stdout.flush()
        return Result(code, out.getvalue(), err.getvalue().decode())


def made_by(command: str, *arguments: object, output: Path) -> Path:
    """Run a command that must succeed and return its output folder."""
    result = zhprep(command, *arguments, "-o", output, "--quiet")
    assert (result.code, result.err) == (0, ""), result.err
    return output


def refused(result: Result, code: int, *parts: str) -> None:
    """Assert that a command ended with ``code`` and one line of error that has all ``parts`` in it."""
    assert result.code == code, (result.code, result.err)
    assert result.out == b""
    lines = result.err.splitlines()
    assert len(lines) == 1, result.err
    assert lines[0].startswith("Error: ")
    for part in parts:
        assert part in lines[0], lines[0]


def process(*arguments: object, **options: Any) -> subprocess.Popen[bytes]:
    """Start a command in a process of its own; its streams are pipes unless said otherwise.

    Interrupts reach it even where these tests run in the background, where a shell has them ignored.
    """
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    command = [sys.executable, "-m", "zhprep", *map(str, arguments)]
    heard = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.default_int_handler)}
    return subprocess.Popen(command, **{**pipes, **heard, "env": environment(), **options})


def workers_of(started: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Return the worker processes of a command, forked or spawned, without multiprocessing's own helper."""
    found = []
    with contextlib.suppress(psutil.Error):
        for child in psutil.Process(started.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):  # gone, or dead and not yet waited for
                if "resource_tracker" not in " ".join(child.cmdline()):
                    found.append(child)
    return found


def lives(one: psutil.Process) -> bool:
    """Whether a process is there and is more than what is left of a dead one that nobody has waited for."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return one.is_running() and one.status() != psutil.STATUS_ZOMBIE
    return False


def ran(env: dict[str, str], *arguments: object) -> tuple[int, bytes, str]:
    """Run a command in a process of its own, in an environment; return its code, stdout and stderr."""
    started = process(*arguments, env=env)
    out, err = started.communicate(timeout=patience(300))
    return started.returncode, out, err.decode()


def processes_of(n: int) -> list[str]:
    """Return how torch starts ``n`` processes of what follows: a script, or ``-m`` and a module."""
    return [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={n}"]


def in_processes(n: int, *arguments: object) -> None:
    """Run a script or module in ``n`` processes to its end; where one fails, or is not done after 300 seconds of
    patience, the error has all that they said, and where in Python each of their threads was."""
    command = [*processes_of(n), *map(str, arguments)]
    paths = os.pathsep.join([str(PACKAGE_PARENT), str(PACKAGE_PARENT / "tests")])
    told = {"env": environment(PYTHONPATH=paths, PYTHONFAULTHANDLER="1"), "text": True, "errors": "replace"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **told) as started:
        try:
            said, _ = started.communicate(timeout=patience(300))
        except subprocess.TimeoutExpired as late:
            for one in psutil.Process(started.pid).children():  # torchrun ends when they do
                one.send_signal(signal.SIGABRT)
            said = f"not done after {late.timeout:.0f} seconds\n{started.communicate()[0]}"
    assert started.returncode == 0, f"{' '.join(command)}: exit {started.returncode}\n{said}"


def put_program(path: Path, *lines: str) -> None:
    """Write a program of bash, such as stands in for one that is not here."""
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(["#!/usr/bin/env bash", *lines, ""]), "utf-8")
    path.chmod(0o755)


def environment(**values: str) -> dict[str, str]:
    """Return an environment in which ``python -m zhprep`` finds this checkout from any folder."""
    return {**os.environ, "PYTHONPATH": str(PACKAGE_PARENT), "OMP_NUM_THREADS": "1", **values}


def with_programs(folder: Path, **values: str) -> dict[str, str]:
    """Return such an environment, with the programs in ``folder/bin`` before all others."""
    return environment(PATH=f"{folder / 'bin'}:{os.environ['PATH']}", **values)


@contextlib.contextmanager
def _streams(stdin: bytes | BinaryIO) -> Iterator[tuple[io.BytesIO, io.BytesIO]]:
    before = sys.stdin, sys.stdout, sys.stderr
    out, err = io.BytesIO(), io.BytesIO()
    sys.stdin = given = io.TextIOWrapper(io.BytesIO(stdin) if isinstance(stdin, bytes) else stdin)
    sys.stdout, sys.stderr = io.TextIOWrapper(out), io.TextIOWrapper(err, write_through=True)
    try:
        yield out, err
    finally:
        given.detach()  # it is for its owner to close
        sys.stdin, sys.stdout, sys.stderr = before
