"""Who is at work in a folder, and which folders were made for it.

Each process holds a shared lock on the folder it works in, and one on a file there if it says so, which the kernel lets
go when the process ends, however it ends. Only who is alone may take away what another could be using. NFS locks a
folder on each machine by itself, and only the lock of a file is known to all of them (unless it is mounted with
``nolock``). Where there are no locks nobody knows, and nothing is taken away but by ``--overwrite``. Receipts name the
plan they are of, so that what others do meanwhile is told from one's own even then.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path
from types import TracebackType

from zhprep.core.errors import UsageError
from zhprep.core.shards.commit import sync_folder

TRIES = 100
"""How often a folder, or its plan, is made anew that others take away meanwhile."""


class Claim:
    """Inside its ``with`` block this process is at work in the folder ``path``, which is made if it is missing.

    An error that leaves the block takes away the folders that were made here, if nobody else is there and they are
    empty. Raises ``UsageError`` where a file is in the way.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._made: list[Path] = []
        self._descriptor = -1
        self._file = -1

    def __enter__(self) -> Claim:
        for _ in range(TRIES):
            with contextlib.suppress(FileNotFoundError):  # who had made it has just taken it away
                self._made += make_folders(self.path)
                self._descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
                self.share()
                if self._is_there():
                    return self
        raise self.removed()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and self._made and self.is_alone():
            remove_empty(self._made)
        self._let_go()
        os.close(self._descriptor)

    def hold(self, file: Path) -> None:
        """Hold a shared lock on ``file`` in the folder too, which other machines know of; wait for who is alone there.

        Raises ``FileNotFoundError`` where there is none.
        """
        self._let_go()
        while self._file < 0:
            self._file = _opened(file)
            self.share()
            if not os.path.samestat(os.fstat(self._file), os.stat(file)):  # it was written anew meanwhile
                self._let_go()

    def is_alone(self) -> bool:
        """Whether nobody else is at work here, and nobody can begin. Who is not alone may have lost its own lock."""
        return self._lock_alone() is True

    def removed(self) -> UsageError:
        """Return the error for what others took away ``TRIES`` times."""
        return UsageError(f"{self.path}: is removed again and again", hint="another process works there; wait for it")

    def keep_others_out(self) -> None:
        """Be alone until :meth:`share`; raises ``UsageError`` when another process is at work here."""
        if self._lock_alone() is False:
            self._let_go()  # of two that want to be alone one can be
            raise UsageError(
                f"{self.path}: another process is at work there", hint="wait until it is done, or name another folder"
            )

    def _lock_alone(self) -> bool | None:
        """Return None where the file system has no locks."""
        return lock_alone(*self._descriptors())

    def share(self) -> None:
        """Let others in again."""
        for descriptor in self._descriptors():
            with contextlib.suppress(OSError):  # there are no locks here
                fcntl.flock(descriptor, fcntl.LOCK_SH)

    def _descriptors(self) -> list[int]:
        return [descriptor for descriptor in (self._descriptor, self._file) if descriptor >= 0]

    def _let_go(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _is_there(self) -> bool:
        """Whether the folder that was opened is still the one of that name; else it is closed."""
        there = is_named(self._descriptor, self.path)
        if not there:
            os.close(self._descriptor)
        return there


def lock_alone(*descriptors: int) -> bool | None:
    """Lock open files and folders against all others, if no other process has; return whether that was done, None where
    the file system has no locks."""
    try:
        for descriptor in descriptors:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def is_named(descriptor: int, path: Path) -> bool:
    """Whether what was opened is still what ``path`` names."""
    return path.exists() and os.path.samestat(os.fstat(descriptor), os.stat(path))


def _opened(file: Path) -> int:
    """Open ``file`` to lock it: for writing, without which NFS gives nobody a lock of its own."""
    try:
        return os.open(file, os.O_RDWR)
    except OSError:  # it may only be read
        return os.open(file, os.O_RDONLY)


def make_folders(path: Path) -> list[Path]:
    """Make the folder ``path`` and those above it that are missing; return those made here, the outermost first.

    Raises ``UsageError`` where a file is in the way.
    """
    made = []
    for folder in (*reversed(path.parents), path):
        if folder.is_dir():
            continue
        try:
            folder.mkdir()
        except FileExistsError as error:
            if folder.is_dir():  # another process was faster
                continue
            check_way(path)
            raise UsageError(f"{path}: is a file, not a folder", hint="name another folder") from error
        made.append(folder)
        sync_folder(folder.parent)
    return made


def check_way(path: Path) -> None:
    """Raise ``UsageError`` where a file stands in the place of a folder above ``path``."""
    for folder in path.parents:
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{path}: cannot be made, for {folder} is a file", hint="name another place")


def remove_empty(folders: list[Path]) -> None:
    """Remove ``folders``, the last first, until one is not empty."""
    with contextlib.suppress(OSError):  # somebody else wrote there
        for folder in reversed(folders):
            folder.rmdir()
