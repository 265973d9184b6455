"""Where in its block a worker is, when a block was made, and what went wrong with it: notes beside the shards, for
whoever waits and for whoever asks why.

A note is a help and no more: one that cannot be written is left out, one that cannot be read says nothing. None is
left in a finished folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import pyarrow as pa

from zhprep.core.errors import Stopped
from zhprep.core.report import own_peak_rss
from zhprep.core.shards.folder import Folder
from zhprep.core.temporary import pid_namespace

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Note:
    """The documents ``first`` to ``last`` are being worked on, those at ``start`` to ``stop`` of the block.

    ``done`` is how many bytes of the block's text were done before them, ``began`` when work on the block began and
    ``since`` when it came to them (both seconds since 1970), ``host`` and ``pid`` who is at it,
    ``where`` among which processes that number is its own (:func:`zhprep.core.temporary.pid_namespace`).
    """

    first: str
    last: str
    start: int
    stop: int
    done: int
    began: float
    since: float
    host: str
    pid: int
    where: str


@dataclass(frozen=True)
class Made:
    """When a block was made (seconds since 1970), with how many seconds of a processor and how much memory."""

    began: float
    ended: float
    cpu_seconds: float
    peak_rss_bytes: int


@dataclass(frozen=True)
class Failed:
    """The error of a block: its name, what it says and what to do, at which documents, where and when."""

    error: str
    message: str
    hint: str
    first: str
    last: str
    host: str
    time: float


class Place:
    """Notes in ``folder`` how far its ``with`` block is with ``block``; the note goes when that is left, however.

    What is left behind is when the block was made, or the error that it ended with.
    """

    def __init__(self, folder: Folder, block: int) -> None:
        self._folder, self._block = folder, block
        self._began, self._cpu = time.time(), time.process_time()
        self._at = ("", "")

    def __enter__(self) -> Place:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        failed = self._folder.failed(self._block)
        if error is None:
            made = Made(self._began, time.time(), time.process_time() - self._cpu, own_peak_rss())
            _write(self._folder.made(self._block), made)
            _remove(failed)
        elif isinstance(error, Exception) and not isinstance(error, Stopped):
            hint = getattr(error, "hint", "")
            _write(failed, Failed(type(error).__name__, str(error), hint, *self._at, socket.gethostname(), time.time()))
        _remove(self._folder.place(self._block))

    def noting(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield ``batches``, each after a note of it."""
        documents = done = 0
        for batch in batches:
            if batch.num_rows:
                self._note(batch, documents, done)
            yield batch
            documents += batch.num_rows
            done += batch.nbytes

    def _note(self, batch: pa.RecordBatch, documents: int, done: int) -> None:
        names = batch["doc"]
        self._at = names[0].as_py(), names[-1].as_py()
        note = Note(
            *self._at, documents, documents + batch.num_rows, done, self._began, time.time(), socket.gethostname(),
            os.getpid(), pid_namespace(),
        )  # fmt: skip
        _write(self._folder.place(self._block), note)


def read_note(path: Path) -> Note | None:
    """Return the note at ``path``, if there is one that is whole."""
    return _read(Note, path)


def read_made(path: Path) -> Made | None:
    """Return when a block was made, if that was noted."""
    return _read(Made, path)


def read_failed(path: Path) -> Failed | None:
    """Return what went wrong with a block, if anything did."""
    return _read(Failed, path)


def numbers(folder: Path) -> list[int]:
    """Return the blocks that ``folder`` has notes of, in order: files named by their numbers, ``00000.json``."""
    return sorted(int(path.stem) for path in folder.glob("*.json") if path.stem.isdigit())


def _read(kind: type[Kind], path: Path) -> Kind | None:
    try:
        return kind(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def _write(path: Path, note: Any) -> None:
    with contextlib.suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(asdict(note), ensure_ascii=False), encoding="utf-8")


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
