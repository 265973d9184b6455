"""Files wherever they lie: on a disk, or in an object store by their address (``s3://``, ``gs://``, ``memory://``).

Object stores are read through fsspec: ``pip install 'zhprep[s3]'`` or ``'zhprep[gs]'``, credentials and endpoint as its
libraries take them (``AWS_ACCESS_KEY_ID``, ``AWS_ENDPOINT_URL``, profiles, …; ``GOOGLE_APPLICATION_CREDENTIALS``, …).
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import io
import os
import re
import time
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any

from zhprep.core.errors import Stopped, UsageError, ZhprepError
from zhprep.core.registry import require
from zhprep.core.temporary import naming

_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+)://")
_AHEAD = 8 << 20
"""Bytes of a remote file that are fetched at a time."""

PART = 64 << 20
"""Bytes of a part of a file that is put in parts."""

_WRITTEN = ("s3", "s3a", "gs", "gcs", "memory")
"""Stores that are known to put a file only where there is none."""

_AT_ONCE = 1024
"""Small files that are fetched at a time."""

_TRIES, _WAIT = 7, 0.1
"""How often a put is tried again that met another one of the same file, and the seconds before the first time; each
wait is twice the one before, 13 seconds in all."""

_CHECK = "check the address, the credentials and the endpoint (AWS_ENDPOINT_URL, STORAGE_EMULATOR_HOST)"

_INSTALL = {"s3": "'zhprep[s3]'", "s3a": "'zhprep[s3]'", "gs": "'zhprep[gs]'", "gcs": "'zhprep[gs]'"}


@dataclass(frozen=True)
class Stored:
    """A file in an object store: its address, its size in bytes, when it was put (seconds since 1970; 0: not told)."""

    address: str
    size: int
    modified: float


def is_remote(path: str) -> bool:
    """Whether ``path`` is an address of an object store."""
    return _ADDRESS.match(path) is not None


def open_file(path: str) -> IO[bytes]:
    """Open a file to be read, wherever it lies; it can be entered in its middle.

    Raises ``OSError``, and ``UsageError`` for one in a store, now and from reading, with ``path`` in it: whoever reads
    may be writing at the same time, and would take it for an error of that.
    """
    if not is_remote(path):
        return io.BufferedReader(_Local(path))
    with _told(path):
        return io.BufferedReader(_Remote(path, _system(path).open(path, block_size=_AHEAD, cache_type="readahead")))


class _Local(io.FileIO):
    """A file of this machine whose errors of reading name it."""

    def readinto(self, buffer: Any, /) -> int:
        with naming(str(self.name)):
            return super().readinto(buffer)

    def readall(self) -> bytes:
        with naming(str(self.name)):
            return super().readall()


class _Remote(io.RawIOBase):
    """A ``file`` of a store whose errors of reading name its address."""

    def __init__(self, path: str, file: Any) -> None:
        super().__init__()
        self._path, self._file = path, file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        with _told(self._path):
            data: bytes = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def close(self) -> None:
        self._file.close()
        super().close()


def size_of(path: str) -> int:
    """Return how many bytes a file has; raises ``OSError``."""
    if not is_remote(path):
        return os.stat(path).st_size
    with _told(path):
        return int(_system(path).info(path)["size"])


def state_of(path: str) -> Hashable:
    """Return what is another when the file is another: times, sizes, tags. Raises ``OSError``."""
    if not is_remote(path):
        status = os.stat(path)
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
    with _told(path):
        facts = _system(path).info(path)
        return tuple(str(facts.get(name)) for name in ("size", "ETag", "LastModified", "etag", "mtime", "created"))


def exists(path: str) -> bool:
    """Whether there is such a file or folder."""
    if not is_remote(path):
        return os.path.exists(path)
    with _told(path):
        return bool(_system(path).exists(path))


def find_remote(address: str) -> list[tuple[str, str]]:
    """Return the addresses and the names of the files at ``address``, a file, folder or glob, in a fixed order.

    Files of a folder are named by their path in it. Raises ``UsageError`` where there is nothing.
    """
    system, name = _system(address), address.rstrip("/").rpartition("/")[2]
    with _told(address):
        system.invalidate_cache()
        if any(sign in address for sign in "*?["):
            found = [(path, path.rpartition("/")[2]) for path in system.glob(address) if system.isfile(path)]
        elif not address.endswith("/") and system.isfile(address):
            found = [(address, name)]
        else:
            top = system._strip_protocol(address).rstrip("/") + "/"
            found = [(path, path.removeprefix(top)) for path in system.find(address)]
    protocol = address.partition("://")[0]
    addressed = [(path if is_remote(path) else f"{protocol}://{path.lstrip('/')}", name) for path, name in found]
    if not addressed:
        raise UsageError(f"{address}: no such file or folder", hint=_CHECK)
    return sorted(addressed)


def stored_in(address: str) -> dict[str, Stored]:
    """Return what lies in the folder at ``address``, by the paths in it, in order; nothing where there is none."""
    system, protocol = _system(address), address.partition("://")[0]
    with _told(address):
        system.invalidate_cache()
        top = str(system._strip_protocol(address)).rstrip("/") + "/"
        found = system.find(top, detail=True)
    return {
        path.removeprefix(top): Stored(f"{protocol}://{path.lstrip('/')}", int(facts["size"]), _modified(facts))
        for path, facts in sorted(found.items())
        if path.startswith(top) and not path.endswith("/")
    }


def _modified(facts: dict[str, Any]) -> float:
    times = (facts.get(name) for name in ("LastModified", "mtime", "created"))
    return next((time.timestamp() for time in times if isinstance(time, datetime)), 0.0)


def fetch_files(files: dict[Path, Stored]) -> None:
    """Bring files of a store here, many at a time, each with the time when it was put. Raises ``UsageError``."""
    targets = list(files)
    for first in range(0, len(targets), _AT_ONCE):
        part = targets[first : first + _AT_ONCE]
        addresses = [files[path].address for path in part]
        with _told(addresses[0]):
            _system(addresses[0]).get(addresses, [str(path) for path in part])
        for path in part:
            if files[path].modified:
                os.utime(path, (files[path].modified, files[path].modified))


def check_writable(address: str) -> None:
    """Raise ``UsageError`` where nothing can be put at ``address``: no bucket, or a store that would write over."""
    protocol, _, path = address.partition("://")
    if protocol not in _WRITTEN:
        hint = f"write to a folder of this machine, or to one of {', '.join(f'{name}://' for name in _WRITTEN)}"
        raise UsageError(f"{address}: a store of this kind may write over what is there", hint=hint)
    _writing(address)
    bucket, _, name = path.partition("/")
    if not bucket or not name.strip("/"):
        raise UsageError(f"{address}: names no file or folder in a bucket", hint=f"write {protocol}://bucket/name")
    if protocol != "memory" and not exists(f"{protocol}://{bucket}"):
        raise UsageError(f"{address}: there is no bucket {bucket}", hint=f"make it first; {_CHECK}")


def put_new(path: Path, address: str) -> bool:
    """Put the file ``path`` at ``address`` unless there is one: a conditional request, whole or not at all.

    Returns False, and changes nothing, where there is one already. Raises ``UsageError`` where it cannot be written.
    """
    system, tries = _writing(address), 0
    while True:
        try:
            system.put_file(str(path), address, mode="create", chunksize=PART)
        except Stopped:
            raise
        except Exception as error:  # each store has errors of its own
            system.invalidate_cache()
            if exists(address):
                return False
            if tries == _TRIES or not _is_conflict(error):
                what = f"{address}: cannot be written: {type(error).__name__}: {error}"
                raise UsageError(what, hint=_CHECK) from error
            time.sleep(_WAIT * 2**tries)
            tries += 1
        else:
            return True


def _is_conflict(error: BaseException | None) -> bool:
    """Whether a store says that another put of the same file is under way (409): S3 refuses one of two at once before
    the other is there, which may yet fail."""
    while error is not None:
        told = getattr(error, "response", None)
        if isinstance(told, dict) and told.get("ResponseMetadata", {}).get("HTTPStatusCode") == HTTPStatus.CONFLICT:
            return True
        error = error.__cause__
    return False


@contextlib.contextmanager
def _told(path: str) -> Iterator[None]:
    """Let errors of the store name the address and say what to do."""
    try:
        yield
    except (FileNotFoundError, PermissionError) as error:
        what = "may not be read" if isinstance(error, PermissionError) else "is not there"
        raise UsageError(f"{path}: {what}", hint=_CHECK) from error
    except ZhprepError:
        raise
    except Exception as error:  # each store has errors of its own
        raise UsageError(f"{path}: cannot be read: {type(error).__name__}: {error}", hint=_CHECK) from error


@functools.cache
def _modules() -> Any:
    return require("fsspec", purpose="an address of an object store", install="'zhprep[s3]'")


def _system(address: str) -> Any:
    """Return the file system of an address; raises ``UsageError`` where its package is missing or there is none."""
    protocol = address.partition("://")[0]
    try:
        return _class_of(protocol)()
    except ImportError as error:
        raise UsageError(f"{address}: {error}", hint=f"pip install {_INSTALL.get(protocol, 'its package')}") from error
    except ValueError as error:
        raise UsageError(f"{address}: {error}", hint="s3://bucket/key, gs://bucket/key, or a path") from error


def _class_of(protocol: str) -> Any:
    modules = _modules()
    if protocol in ("gs", "gcs"):
        # what fsspec gives asks by gRPC which kind a bucket is of, and puts into one of a zone whatever is there
        from gcsfs.core import GCSFileSystem

        return GCSFileSystem
    return modules.get_filesystem_class(protocol)


def _writing(address: str) -> Any:
    """Return the file system of an address, to put files there.

    Raises ``UsageError`` where it is one that does not know the condition, and so would write over what is there.
    """
    system = _system(address)
    if "mode" not in inspect.signature(system.put_file).parameters:
        protocol = address.partition("://")[0]
        package = type(system).__module__.partition(".")[0]
        hint = f"pip install --upgrade fsspec {_INSTALL.get(protocol, '')}".rstrip()
        raise UsageError(f"{address}: {package} is too old: it may write over what is there", hint=hint)
    return system
