"""A folder of ours in an object store: put there file by file, each once and for all, and seen from here in outline.

Plans are put first and manifests last, so that what is there is known to be unfinished until it is whole. Nothing is
ever replaced.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

from zhprep.core.corpus.inputs import fetch_files, file_sha256, put_new, stored_in
from zhprep.core.errors import DataError, UsageError
from zhprep.core.progress import Progress
from zhprep.core.shards import MANIFEST, PLAN, QUARANTINE, RECEIPTS, SHARD
from zhprep.run.folders import COUNTS

_KEPT = (RECEIPTS, QUARANTINE, COUNTS)
"""What is hidden and yet no temporary file."""


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
    nothing in them.

    Returns the names of what is there. Shards without a receipt are left out: they are made again, and compared. Shards
    of counts, of which vocabularies are learnt, are brought whole. Raises ``DataError`` for a name that leads out of
    the folder.
    """
    there = stored_in(address)
    for name in there:
        if ".." in PurePosixPath(name).parts or name.startswith("/"):
            raise DataError(f"{address}/{name}: a name that leads out of its folder", hint="it is not ours: remove it")
    receipts = {int(Path(name).stem) for name in there if name.startswith(f"{RECEIPTS}/") and Path(name).stem.isdigit()}
    shards = {name: int(name.split("-")[1]) for name in there if SHARD.fullmatch(name)}
    known = {name: file for name, file in there.items() if shards.get(name) in receipts or name not in shards}
    missing = {folder / name: file for name, file in known.items() if not (folder / name).exists()}
    for parent in {path.parent for path in missing}:
        parent.mkdir(parents=True, exist_ok=True)
    fetch_files({path: file for path, file in missing.items() if path.name not in shards or path.parent != folder})
    for path, file in missing.items():
        if not path.exists():
            path.touch()
            os.truncate(path, file.size)
    return set(known)


def hollow(shard: Path) -> None:
    """Let go of what a shard of this machine takes on the disk; its size stays."""
    size = shard.stat().st_size
    os.truncate(shard, 0)
    os.truncate(shard, size)


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
