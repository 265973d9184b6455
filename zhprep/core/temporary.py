"""Temporary names: they say whose they are, so that what killed processes left is removed, and no error tells them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

PREFIX = ".part-"
NAMELESS = "/proc/self/fd/"
"""How an open file without a name is named to the system."""
DAY = 86_400.0
"""Seconds after which a temporary file of processes that nobody here can see is nobody's."""

_LEFTOVER = re.compile(re.escape(PREFIX) + r"(?P<name>.+)-(?P<host>[^-]+)-(?P<pid>\d+)-\d+")


def temporary_name(path: Path) -> Path:
    """Return a name beside ``path`` that is nobody else's and says whose it is."""
    return path.with_name(f"{PREFIX}{path.name}-{pid_namespace()}-{os.getpid()}-{time.time_ns()}")


@contextlib.contextmanager
def temporary_folder(path: Path) -> Iterator[Path]:
    """Give a new folder beside ``path`` that is gone when the block ends, unless it has got another name by then."""
    folder = temporary_name(path)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers(folder: Path, *, of: str | None = None) -> None:
    """Remove what dead processes left here under temporary names; those of other machines and containers, a day later.

    ``of``: only what was to become the file or folder of that name.
    """
    for path in folder.glob(f"{PREFIX}*"):
        found = _LEFTOVER.fullmatch(path.name)
        if found is None or (of is not None and found["name"] != of):
            continue
        with contextlib.suppress(OSError):  # another process was faster
            if not is_alive(int(found["pid"])) if found["host"] == pid_namespace() else _is_old(path):
                shutil.rmtree(path) if path.is_dir() else path.unlink()


@contextlib.contextmanager
def naming(path: Path | str) -> Iterator[None]:
    """Let an error of the system name ``path`` where it names a temporary file, or none: one of reading or writing does
    not, and a full disk does not say where."""
    try:
        yield
    except OSError as error:
        named = str(error.filename or "")
        if error.errno is not None and (not named or PREFIX in named or named.startswith(NAMELESS)):
            error.filename = str(path)  # of an error without a number Python would tell nothing else
        raise


def _is_old(path: Path) -> bool:
    return time.time() - path.stat().st_mtime > DAY


def pid_namespace() -> str:
    """Return a name of the processes whose numbers mean the same here: those of this host, since it was started, and of
    this container. Two containers, on two machines too, may have one host name."""
    told = []
    with contextlib.suppress(OSError):  # not Linux
        told = [Path("/proc/sys/kernel/random/boot_id").read_text("ascii"), os.readlink("/proc/self/ns/pid")]
    return f"{os.uname().nodename.replace('-', '_')}.{hashlib.sha256(' '.join(told).encode()).hexdigest()[:8]}"


def is_alive(pid: int) -> bool:
    """Whether there is a process ``pid`` in this :func:`pid_namespace`."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
