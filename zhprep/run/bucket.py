"""A folder of ours in an object store: put there file by file, each once and for all, and seen from here in outline.

Plans are put first and manifests last, so that what is there is known to be unfinished until it is whole. Nothing is
ever replaced.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

from zhprep.core.corpus.inputs import Stored, fetch_files, file_sha256, open_file, put_new, stored_in
from zhprep.core.errors import DataError, Stopped, UsageError, ZhprepError
from zhprep.core.mapped import cache_folder
from zhprep.core.progress import Progress, byte_size
from zhprep.core.shards import (
    MANIFEST,
    PLAN,
    QUARANTINE,
    RECEIPTS,
    SHARD,
    remove_leftovers,
    temporary_folder,
    temporary_name,
)
from zhprep.run.folders import COUNTS, verify_folder

_KEPT = (RECEIPTS, QUARANTINE, COUNTS)
"""What is hidden and yet no temporary file."""

_WEIGHTS = ".safetensors"
_STAGING = "zhprep-staging"


def upload(folder: Path, address: str, progress: Progress, *, without: Collection[str] = ()) -> tuple[int, int]:
    """Put what is in ``folder``, but for the files ``without``, to ``address``.

    Returns how many files were put and how many were there. Raises ``UsageError`` for one that is there with other
    bytes.
    """
    files = [file for file in _in_order(folder) if file.relative_to(folder).as_posix() not in without]
    there = 0
    with progress.of(sum(file.stat().st_size for file in files), "bytes") as bar:
        for file in files:
            there += not put_same(file, f"{address}/{file.relative_to(folder).as_posix()}")
            bar.advance(file.stat().st_size, files=1)
    return len(files) - there, there


def put_same(file: Path, address: str) -> bool:
    """Put ``file`` at ``address``, unless it is there; return whether it was put.

    Raises ``UsageError`` where there is one with other bytes.
    """
    if put_new(file, address):
        return True
    if file_sha256(address) != file_sha256(file):
        raise UsageError(f"{address}: is there with other bytes", hint="name another address, or remove it")
    return False


def bring_outline(address: str, folder: Path) -> set[str]:
    """Bring to ``folder`` what lies at ``address`` and is not here; in the place of shards, files of their size with
    nothing in them. Weights of models are left out.

    Returns the names of what is there. Shards without a receipt are left out: they are made again, and compared. Shards
    of counts, of which vocabularies are learnt, are brought whole. Raises ``DataError`` for a name that leads out of
    the folder.
    """
    there = files_at(address)
    known = {name: file for name, file in there.items() if _receipt_of(name) in there and not name.endswith(_WEIGHTS)}
    missing = {name: file for name, file in known.items() if not (folder / name).exists()}
    for parent in {(folder / name).parent for name in missing}:
        parent.mkdir(parents=True, exist_ok=True)
    shards = {name for name in missing if _is_shard(name) and COUNTS not in PurePosixPath(name).parts}
    fetch_files({folder / name: file for name, file in missing.items() if name not in shards})
    for name in shards:
        (folder / name).touch()
        os.truncate(folder / name, missing[name].size)
    return set(known)


def files_at(address: str) -> dict[str, Stored]:
    """Return what lies in the folder at ``address``, by the paths in it.

    Raises ``DataError`` for one that leads out of the folder.
    """
    there = stored_in(address)
    for name in there:
        if ".." in PurePosixPath(name).parts or name.startswith("/"):
            raise DataError(f"{address}/{name}: a name that leads out of its folder", hint="it is not ours: remove it")
    return there


def fetch(there: dict[str, Stored], folder: Path, progress: Progress) -> None:
    """Bring the files ``there`` to ``folder``, which is new or empty, by these names."""
    for parent in {(folder / name).parent for name in there}:
        parent.mkdir(parents=True, exist_ok=True)
    small = {name: file for name, file in there.items() if not _is_shard(name)}
    with progress.of(sum(file.size for file in there.values()), "bytes") as bar:
        for part in (small, *({name: there[name]} for name in there if name not in small)):
            fetch_files({folder / name: file for name, file in part.items()})
            bar.advance(sum(file.size for file in part.values()), files=len(part))


def fetched(address: str, progress: Progress) -> Path:
    """Return a folder of this machine with what lies in the finished folder at ``address``, but for the counts of a
    vocabulary; it is brought here once.

    It lies below that of :func:`cache_folder`, named by the hash of the manifest, and was held to that before it got
    its name. Raises ``DataError`` where there is none, for what is unfinished and for what is not as its manifest says,
    and ``UsageError`` where there is no room for it, or nothing can be written.
    """
    cache = cache_folder()
    if cache is None:
        hint = "name a folder for it: ZHPREP_CACHE=/scratch/zhprep"
        raise UsageError(f"{address}: there is no place to bring it to (ZHPREP_CACHE is empty)", hint=hint)
    there = {name: file for name, file in files_at(address).items() if COUNTS not in PurePosixPath(name).parts}
    if MANIFEST not in there:
        what = "is unfinished, or was not made by zhprep" if there else "no such folder"
        raise DataError(f"{address}: {what} (no manifest.json)", hint="name a folder that is finished")
    with open_file(there[MANIFEST].address) as file:
        seal = hashlib.sha256(file.read()).hexdigest()
    folder = cache / "folders" / seal[:32] / address.rpartition("/")[2]
    try:
        if not _is_here(folder, there):  # else nothing is written: the cache may be another's, or read-only
            folder.parent.mkdir(parents=True, exist_ok=True)
            with _alone(folder.parent):
                if not _is_here(folder, there):
                    _bring(address, there, folder, progress)
    except OSError as error:
        what = f"{address}: cannot be brought to {folder.parent}: {error.strerror or error}"
        raise UsageError(what, hint="name another folder: ZHPREP_CACHE=/scratch/zhprep") from error
    return folder


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Keep others out of the folder ``place``: the processes of a job ask for one at once.

    Where the file system has no locks each brings its own, and one of them stays.
    """
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):
            fcntl.flock(held.enter_context(open(place / ".lock", "w")), fcntl.LOCK_EX)
        yield


def _bring(address: str, there: dict[str, Stored], folder: Path, progress: Progress) -> None:
    """Bring the files ``there`` at ``address``, held to their manifest, to ``folder``, whole or not at all."""
    remove_leftovers(folder.parent)
    _tell_of_copy(address, sum(file.size for file in there.values()), folder, progress)
    with temporary_folder(folder) as new, naming_address(new, address):
        fetch(there, new, progress)
        verify_folder(new)
        while not _has_name(new, folder) and not _is_here(folder, there):
            aside = temporary_name(folder)  # removed under its own name, two would remove what one has brought
            with contextlib.suppress(FileNotFoundError):  # another process was faster
                folder.replace(aside)
            shutil.rmtree(aside, ignore_errors=True)


def _has_name(new: Path, folder: Path) -> bool:
    """Give the folder ``new`` the name ``folder``, unless there is something of that name; return whether it has it."""
    try:
        new.replace(folder)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise
        return False
    return True


def _tell_of_copy(address: str, size: int, folder: Path, progress: Progress) -> None:
    """Say that a folder is copied, how large it is and where to; raises ``UsageError`` where it has no room there."""
    room = shutil.disk_usage(folder.parent).free
    if size > room:
        what = f"{address}: takes {byte_size(size)}, and there is room for {byte_size(room)} in {folder.parent}"
        raise UsageError(what, hint="name a folder with more room: ZHPREP_CACHE=/scratch/zhprep")
    progress.tell("note", f"copying {byte_size(size)} of {address} to {folder}, where they stay")


def _is_here(folder: Path, there: dict[str, Stored]) -> bool:
    """Whether the files of a folder that was brought here have the sizes that they have there."""
    files = {name: folder / name for name in there}
    return all(path.is_file() and path.stat().st_size == there[name].size for name, path in files.items())


@contextlib.contextmanager
def staging() -> Iterator[Path]:
    """Give a folder of this process's own, where temporary files lie, for what is to be put or was brought.

    What killed processes left of theirs is removed.
    """
    import tempfile  # for those who need it

    place = Path(tempfile.gettempdir())
    remove_leftovers(place, of=_STAGING)
    with temporary_folder(place / _STAGING) as folder:
        folder.chmod(0o700)
        yield folder


@contextlib.contextmanager
def naming_address(path: Path, address: str) -> Iterator[None]:
    """Let errors name ``address``, not the ``path`` on this machine."""
    try:
        yield
    except Stopped:
        raise
    except ZhprepError as error:
        told, hint = (text.replace(str(path), address) for text in (str(error), error.hint))
        raise type(error)(told, hint=hint) from error


def hollow(shard: Path) -> None:
    """Let go of what a shard of this machine takes on the disk; its size stays."""
    size = shard.stat().st_size
    os.truncate(shard, 0)
    os.truncate(shard, size)


def _is_shard(name: str) -> bool:
    return SHARD.fullmatch(PurePosixPath(name).name) is not None


def _receipt_of(name: str) -> str:
    """Return the name of the receipt of a shard; that of any other file is its own."""
    path = PurePosixPath(name)
    return str(path.parent / RECEIPTS / f"{path.name.split('-')[1]}.json") if _is_shard(name) else name


def _in_order(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder but for what is temporary: plans first, so that what is there is known to be
    unfinished, receipts after shards, manifests last, the outermost the very last."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not _is_temporary(path.relative_to(folder)))
    rank = {PLAN: 0, MANIFEST: 3}
    yield from sorted(
        files,
        key=lambda path: (
            rank.get(path.name, 2 if path.parent.name == RECEIPTS else 1),
            -len(path.parts) if path.name == MANIFEST else 0,
        ),
    )


def _is_temporary(path: Path) -> bool:
    return any(part.startswith(".") and part not in _KEPT for part in path.parts)
