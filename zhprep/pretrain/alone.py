"""One process at a time trains in a folder: two would save over what the other saved, and remove it."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from zhprep.core.errors import UsageError
from zhprep.core.progress import Progress
from zhprep.core.shards.claim import is_named, lock_alone
from zhprep.core.temporary import PREFIX

LOCK = f"{PREFIX}training"
"""The file that is locked; it is gone when the process has ended in any way but by a kill."""

PATIENCE = 100.0
"""Seconds for which another process is waited for, which may be ending: of a machine that was lost, NFS keeps the locks
for 90."""


@contextlib.contextmanager
def alone_in(run: Path, progress: Progress) -> Iterator[bool]:
    """Inside the ``with`` block no other process trains in the folder ``run``, which is made if it is missing; gives
    whether that is known.

    Raises ``UsageError`` when another one does, and goes on doing so. Where the file system has no locks nobody knows.
    """
    run.mkdir(parents=True, exist_ok=True)
    file = run / LOCK
    descriptor, known = _locked(file, progress)
    try:
        yield known
    finally:
        file.unlink(missing_ok=True)  # while it is locked: who opened it meanwhile sees that it has no name any more
        os.close(descriptor)


def _locked(file: Path, progress: Progress) -> tuple[int, bool]:
    """Return the descriptor of ``file``, with words on who has locked it, and whether there are locks."""
    until, told = time.monotonic() + PATIENCE, False
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            locked = lock_alone(descriptor)
            if locked is not False and is_named(descriptor, file):
                with contextlib.suppress(OSError):  # a full disk is told of the first file that is needed
                    os.ftruncate(descriptor, 0)
                    os.write(descriptor, f"process {os.getpid()} on {os.uname().nodename}".encode())
                return descriptor, bool(locked)
            who = os.pread(descriptor, 200, 0).decode(errors="replace") or "which one it does not say"
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        if locked is False:
            if time.monotonic() >= until:
                raise UsageError(
                    f"{file.parent}: another process trains there ({who})",
                    hint="let it end, or name another folder; processes of one run are started by torchrun",
                )
            if not told:
                progress.tell("note", f"another process trains in {file.parent} ({who}); waiting for it to end")
            told = True
            time.sleep(min(0.5, PATIENCE))
