"""A block that killed its workers: find the document that does it, say which, and let the rest go on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from zhprep.core.errors import DataError
from zhprep.core.executors import ATTEMPTS, Killed
from zhprep.core.progress import Progress
from zhprep.core.seal import sealed
from zhprep.core.shards.commit import write_json
from zhprep.core.shards.folder import Folder
from zhprep.core.shards.making.place import Note, read_note


class Maker(Protocol):
    """What makes shards, as far as it is looked into here; sent to other processes."""

    @property
    def folder(self) -> Folder:
        """Where they are made."""

    def __call__(self, block: int) -> int:
        """Make the shard of ``block``."""

    def leaving_out(self, document: str) -> Maker:
        """Return one that leaves out ``document`` too."""

    def n_documents(self, block: int) -> int:
        """Return how many documents ``block`` has, those that cannot be read too."""

    def try_some(self, block: int, first: int, stop: int) -> None:
        """Do the documents ``[first, stop)`` of a block, for nothing."""

    def names(self, block: int, first: int, stop: int) -> list[str]:
        """Return the names of the documents ``[first, stop)`` of a block."""


def examine(maker: Maker, killed: Killed, on_kill: str, progress: Progress) -> str:
    """Make the block of ``killed`` alone, in a process of its own; return the document that kills that too, if it may
    not be skipped, else ``""``.

    What is found is kept beside the shards (``.quarantine/``); a block that can be made after all is made.
    """
    block: int = killed.item
    note = read_note(maker.folder.place(block))
    while not _survives(maker, block):
        document = culprit(maker, block, read_note(maker.folder.place(block)) or note)
        record = {
            "block": block,
            "document": document,
            "killed": ATTEMPTS,
            "by": killed.how,
            "left_out": on_kill == "skip",
        }
        path = maker.folder.quarantine(block)
        path.parent.mkdir(exist_ok=True)
        write_json(path, sealed(record), replace=True)
        progress.tell("quarantine", f"document {document} kills what works on it ({killed.how})", **record)
        if on_kill != "skip":
            return document
        maker = maker.leaving_out(document)
    return ""


def culprit(maker: Maker, block: int, note: Note | None) -> str:
    """Return the name of the document at which a process dies that does the documents of ``block`` one after another.

    The batch that ``note`` tells of is tried first, then the whole block.
    """
    size = maker.n_documents(block)
    ranges = [(note.start, note.stop)] if note is not None else []
    for start, stop in [*ranges, (0, size)]:
        dies = partial(_dies, maker, block, start)
        if dies(stop):
            return maker.names(block, *_first_fatal(dies, start, stop))[0]
    return f"{maker.names(block, 0, 1)[0]} or one after it"


def told(folder: Path, documents: list[str], n_blocks: int) -> DataError:
    """Return the error for documents that no process outlived."""
    shown = ", ".join(documents[:3]) + (" …" if len(documents) > 3 else "")
    return DataError(
        f"{folder}: {len(documents)} of {n_blocks} shards cannot be made: each process that works on document {shown} "
        f"is killed ({ATTEMPTS} times); the others are done",
        hint="run it again with more memory; or leave such documents out, and counted, with --on-kill skip",
    )


def _survives(function: Callable[[Any], object], item: Any) -> bool:
    from zhprep.core.executors.processes import survives  # for those whose workers are killed

    return survives(function, item)


def _dies(maker: Maker, block: int, start: int, stop: int) -> bool:
    return not _survives(partial(_try, maker, block), (start, stop))


def _try(maker: Maker, block: int, documents: tuple[int, int]) -> None:
    maker.try_some(block, *documents)


def _first_fatal(dies: Callable[[int], bool], start: int, stop: int) -> tuple[int, int]:
    """Return the range of the one document that is the last of the shortest run from ``start`` that is fatal."""
    alive = start
    while stop - alive > 1:
        middle = (alive + stop) // 2
        if dies(middle):
            stop = middle
        else:
            alive = middle
    return stop - 1, stop
