"""Tell of a job how far it is, and of blocks from which nothing is heard at which documents they are."""

from __future__ import annotations

import contextlib
import time

from zhprep.core.errors import DataError
from zhprep.core.progress import Bar, Progress, clock, duration
from zhprep.core.shards.folder import WORKING, Folder
from zhprep.core.shards.making.place import Note, numbers, read_note
from zhprep.core.stalls import Silence

_EACH = 1.0
"""Seconds between two looks."""

_SHOWN = 3


class Watch:
    """Watches the blocks of ``weights`` (bytes of text of each) being made in ``folder``."""

    def __init__(self, folder: Folder, weights: dict[int, int], bar: Bar, progress: Progress) -> None:
        self._folder = folder
        self._left = dict(weights)
        self._bar, self._progress = bar, progress
        self._silence = Silence()
        self._looked = time.monotonic()

    def done(self, block: int) -> None:
        """Count a block that is done, and what its receipt says was in it."""
        counts = {"documents": 0, "characters": 0}
        with contextlib.suppress(OSError, DataError):  # on a shared file system it may not show yet
            account = self._folder.account(block).counts
            counts = {"documents": account["documents_in"], "characters": account["characters"]}
        self._bar.advance(self._left.pop(block), shards=1, **counts)

    def look(self) -> None:
        """See how far the others are, and tell when that has not changed for long."""
        if self._progress.style == "quiet" or time.monotonic() - self._looked < _EACH:
            return
        self._looked = time.monotonic()
        notes = self._notes()
        self._bar.tick(sum(min(note.done, self._left[block]) for block, note in notes.items()))
        state = (len(self._left), tuple((block, note.start, note.began) for block, note in notes.items()))
        if silent := self._silence.of(state):
            self._tell(silent, notes)

    def _notes(self) -> dict[int, Note]:
        there = (block for block in numbers(self._folder.path / WORKING) if block in self._left)
        return {block: note for block in there if (note := read_note(self._folder.place(block))) is not None}

    def _tell(self, silent: float, notes: dict[int, Note]) -> None:
        oldest = sorted(notes.items(), key=lambda item: item[1].since)
        parts = [
            f"documents {note.first} to {note.last} (block {block}, process {note.pid} on {note.host}) since "
            f"{clock(note.since)}" for block, note in oldest[:_SHOWN]
        ]  # fmt: skip
        more = [f"{len(oldest) - _SHOWN} more blocks"] if len(oldest) > _SHOWN else []
        where = "; ".join([*parts, *more]) or "no worker has come to its first document"
        under_way = [
            {"block": block, "first": note.first, "last": note.last, "since": clock(note.since), "host": note.host,
             "pid": note.pid} for block, note in oldest
        ]  # fmt: skip
        self._progress.tell(
            "stall", f"nothing heard for {duration(silent)}: {where}", seconds=round(silent), under_way=under_way
        )
