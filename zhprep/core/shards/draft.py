"""A file before it has its name: what a killed process leaves of it is nothing, or a name that says whose it was."""

from __future__ import annotations

import hashlib
import os
import shutil
from io import BufferedRandom
from pathlib import Path
from typing import IO, cast

from zhprep.core.corpus.inputs import file_sha256
from zhprep.core.temporary import NAMELESS, temporary_name


class Draft:
    """A file that is to become ``path``: without a name where the file system knows such files, else with a temporary
    one, which goes when the draft is closed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._name: Path | None = None
        try:
            self.file: IO[bytes] = os.fdopen(os.open(path.parent, os.O_TMPFILE | os.O_RDWR, 0o666), "w+b")
        except (OSError, AttributeError):  # NFS, macOS; what else is wrong with the folder is told again here
            self._name = temporary_name(path)
            self.file = open(self._name, "x+b")  # noqa: SIM115  # closed by close

    def sync(self) -> None:
        """Bring to the disk what was written."""
        self.file.flush()
        os.fsync(self.file.fileno())

    def link(self, path: Path) -> None:
        """Give it the name ``path``; raises ``OSError`` where something is there, or where there are no links."""
        if self._name is not None:
            os.link(self._name, path)
        else:
            number = self.file.fileno()
            os.link(f"{NAMELESS}{number}", path, src_dir_fd=number, follow_symlinks=True)

    def named(self) -> Path:
        """Return its temporary name; if it has none, it gets one."""
        if self._name is None:
            name = temporary_name(self._path)
            try:
                self.link(name)
            except OSError:  # no /proc, or no links
                self._name = name
                self._copy_to(name)
            self._name = name
        return self._name

    def equals(self, path: Path) -> bool:
        """Whether ``path`` has the same bytes."""
        self.file.seek(0)
        return hashlib.file_digest(cast(BufferedRandom, self.file), "sha256").hexdigest() == file_sha256(path)

    def _copy_to(self, name: Path) -> None:
        self.file.seek(0)
        with open(name, "xb") as copy:
            shutil.copyfileobj(self.file, copy, 1 << 20)
            copy.flush()
            os.fsync(copy.fileno())

    def __enter__(self) -> Draft:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.file.close()  # writes what is left, perhaps to a disk that is full
        finally:
            if self._name is not None:
                self._name.unlink(missing_ok=True)
