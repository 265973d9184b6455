"""Make a file appear whole: write under a temporary name, fsync, link to its name, fsync the folder.

The first writer wins. A second writer of the same file must bring the same bytes.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from zhprep.core.corpus.inputs import file_sha256
from zhprep.core.errors import ZhprepError

PREFIX = ".part-"

_LEFTOVER = re.compile(re.escape(PREFIX) + r".+-(?P<host>[^-]+)-(?P<pid>\d+)-\d+")
_NO_LINKS = {errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


@contextlib.contextmanager
def committed(path: Path, *, replace: bool = False) -> Iterator[IO[bytes]]:
    """Give a file to write to that becomes ``path`` when the block ends without an error.

    Raises ``ZhprepError`` when ``path`` is there already with other bytes, unless ``replace``.
    """
    temporary = path.with_name(f"{PREFIX}{path.name}-{_host()}-{os.getpid()}-{time.time_ns()}")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if replace:
            os.replace(temporary, path)
        else:
            _link(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        error.filename = error.filename or str(path)  # a full disk does not say where
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any, *, replace: bool = False) -> None:
    """Commit ``value`` as JSON with sorted keys; what is there already stays as it is when it says the same."""
    data = (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
    if path.exists() and path.read_bytes() == data:
        return
    with committed(path, replace=replace) as file:
        file.write(data)


def read_json(path: Path) -> Any:
    """Read back what :func:`write_json` wrote, whatever the locale."""
    return json.loads(path.read_bytes())


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of processes of this machine that are no longer alive."""
    for path in folder.glob(f"{PREFIX}*"):
        name = _LEFTOVER.fullmatch(path.name)
        if name and name["host"] == _host() and not _alive(int(name["pid"])):
            path.unlink(missing_ok=True)


def _link(temporary: Path, path: Path) -> None:
    try:
        os.link(temporary, path)
    except OSError as error:
        if error.errno in _NO_LINKS and not path.exists():  # a file system without hard links
            os.replace(temporary, path)
        elif not path.exists():
            raise
        elif file_sha256(temporary) != file_sha256(path):
            raise ZhprepError(
                f"{path}: was written by another process with other bytes",
                hint="two different runs write here; run again with --overwrite",
            ) from None


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:  # some shared file systems refuse it
        pass
    finally:
        os.close(descriptor)


def _host() -> str:
    return socket.gethostname().replace("-", "_") or "host"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
