"""Where in its block a worker is: a note beside the shards, for whoever waits and for whoever asks why it was killed.

A note is a help and no more: one that cannot be written is left out, one that cannot be read says nothing.
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

import pyarrow as pa


@dataclass(frozen=True)
class Note:
    """The documents ``first`` to ``last`` are being worked on, those at ``start`` to ``stop`` of the block.

    ``done`` is how many bytes of the block's text were done before them, ``began`` when work on the block began and
    ``since`` when it came to them (both seconds since 1970), ``host`` and ``pid`` who is at it.
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


class Place:
    """Notes in the file ``path`` how far its ``with`` block is; the file goes when that is left, however."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._began = time.time()

    def __enter__(self) -> Place:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

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
        note = Note(
            names[0].as_py(), names[-1].as_py(), documents, documents + batch.num_rows, done, self._began, time.time(),
            socket.gethostname(), os.getpid(),
        )  # fmt: skip
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(exist_ok=True)
            self._path.write_text(json.dumps(asdict(note), ensure_ascii=False), encoding="utf-8")


def read_note(path: Path) -> Note | None:
    """Return the note at ``path``, if there is one that is whole."""
    try:
        return Note(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
