"""Make a file appear whole: write a draft, fsync, link it to its name, fsync the folder.

The first writer wins. A second writer of the same file must bring the same bytes.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from zhprep.core.errors import UsageError
from zhprep.core.seal import json_bytes
from zhprep.core.shards.draft import Draft
from zhprep.core.temporary import naming, temporary_name

_NO_LINKS = {
    errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV, errno.ENOENT,
}  # fmt: skip


@contextlib.contextmanager
def committed(path: Path, *, replace: bool = False) -> Iterator[IO[bytes]]:
    """Give a file to write to that becomes ``path`` when the block ends without an error; its mode follows the umask.

    Raises ``UsageError`` when ``path`` is there already with other bytes, unless ``replace``.
    """
    with naming(path):
        with Draft(path) as draft:
            yield draft.file
            draft.sync()
            if replace:
                os.replace(draft.named(), path)
            else:
                _link(draft, path)
        sync_folder(path.parent)


@contextlib.contextmanager
def committed_path(path: Path) -> Iterator[Path]:
    """Give a name for a library to write to; what lies there becomes ``path``, as with :func:`committed`, replacing."""
    name = temporary_name(path)
    with naming(path):
        try:
            name.touch(exist_ok=False)
            mode = name.stat().st_mode
            yield name
            name.chmod(mode)
            with open(name, "rb") as file:
                os.fsync(file.fileno())
            os.replace(name, path)
            sync_folder(path.parent)
        finally:
            name.unlink(missing_ok=True)


def write_json(path: Path, value: Any, *, replace: bool = False) -> None:
    """Commit ``value`` as JSON with sorted keys; what is there already stays as it is when it says the same."""
    data = json_bytes(value)
    if path.exists() and path.read_bytes() == data:
        return
    with committed(path, replace=replace) as file:
        file.write(data)


def read_json(path: Path) -> Any:
    """Read back what :func:`write_json` wrote, whatever the locale."""
    return json.loads(path.read_bytes())


def sync_folder(folder: Path) -> None:
    """Bring to the disk which names ``folder`` holds."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:  # some shared file systems refuse it
        pass
    finally:
        os.close(descriptor)


def _link(draft: Draft, path: Path) -> None:
    try:
        draft.link(path)
    except OSError as error:
        if not path.exists():
            if error.errno not in _NO_LINKS:
                raise
            os.replace(draft.named(), path)
        elif not draft.equals(path):
            raise UsageError(
                f"{path}: was written by another process with other bytes",
                hint="two different runs write here; run again with --overwrite",
            ) from None
