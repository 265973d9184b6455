"""A block that killed its workers: find the document that does it, say which, and let the rest go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from zhprep.core.errors import DataError, NoMemory, UsageError
from zhprep.core.executors import ATTEMPTS, Killed
from zhprep.core.progress import Progress
from zhprep.core.seal import sealed
from zhprep.core.shards.commit import write_json
from zhprep.core.shards.folder import Folder
from zhprep.core.shards.making.place import Note, read_note

_SHOWN = 3


@dataclass(frozen=True)
class Fatal:
    """A ``block`` that cannot be made, and the ``document`` that is why; None where none of it does it alone."""

    block: int
    document: str | None


class Maker(Protocol):
    """What makes shards, as far as it is looked into here; sent to other processes."""

    @property
    def folder(self) -> Folder:
        """Where they are made."""

    def __call__(self, block: int) -> int:
        """Make the shard of ``block``."""

    def leaving_out(self, block: int, place: int) -> Maker:
        """Return one that leaves out the document at ``place`` of ``block`` too, all counted."""

    def try_some(self, block: int, first: int, stop: int) -> None:
        """Do the documents ``[first, stop)`` of a block, for nothing."""

    def documents(self, block: int) -> list[tuple[int, str]]:
        """Return the places and names of the documents of a block, without those that are left out."""


def examine(maker: Maker, killed: Killed, on_kill: str, progress: Progress) -> Fatal | None:
    """Make the block of ``killed`` alone, in a process of its own; return why it cannot be made, or None if it is made.

    A document that is found to kill whatever works on it is kept beside the shards (``.quarantine/``), and left out
    where it may be. Raises ``UsageError`` where it is no document: processes die whatever they work on.
    """
    block: int = killed.item
    note = read_note(maker.folder.place(block))
    documents: list[str] = []
    while not _survives(maker, block):
        found = culprit(maker, killed, read_note(maker.folder.place(block)) or note)
        if found is None:
            maker.folder.quarantine(block).unlink(missing_ok=True)  # what had been left out is not enough
            return Fatal(block, None)
        place, document = found
        documents.append(document)
        _keep(maker.folder, killed, documents, on_kill == "skip", progress)
        if on_kill != "skip":
            return Fatal(block, document)
        maker = maker.leaving_out(block, place)
    return None


def _keep(folder: Folder, killed: Killed, documents: list[str], left_out: bool, progress: Progress) -> None:
    """Note beside the shards that each of ``documents`` kills what works on it, and tell it of the last."""
    path = folder.quarantine(killed.item)
    path.parent.mkdir(exist_ok=True)
    record = {
        "block": killed.item, "document": documents[-1], "killed": ATTEMPTS, "by": killed.how, "left_out": left_out,
    }  # fmt: skip
    write_json(path, sealed({**record, "documents": documents}), replace=True)
    progress.tell("quarantine", f"document {documents[-1]} kills what works on it ({killed.how})", **record)


def culprit(maker: Maker, killed: Killed, note: Note | None) -> tuple[int, str] | None:
    """Return place and name of the first document of the block of ``killed`` that kills a process which does it alone.

    The batch that ``note`` tells of is tried first, then the whole block. None where no document is found: the block
    may be too much as a whole, or have been killed by chance. Raises ``UsageError`` where others die of any other.
    """
    block: int = killed.item
    documents = maker.documents(block)
    ranges = [(note.start, min(note.stop, len(documents)))] if note is not None else []
    for start, stop in [*ranges, (0, len(documents))]:
        dies = partial(_dies, maker, block, start)
        if start >= stop or not dies(stop):
            continue
        first = _first_fatal(dies, start, stop)
        if not _dies(maker, block, first, first + 1):  # it took those before it too
            continue
        if first == start:  # else those before it have been outlived
            _check_others(maker, killed, first, len(documents))
        return documents[first]
    return None


def _check_others(maker: Maker, killed: Killed, first: int, n_documents: int) -> None:
    """Raise ``UsageError`` where a process dies of each of some documents other than ``first`` of the block too."""
    others = list(_others(killed.item, first, n_documents, maker.folder.n_blocks))
    if not others or not all(_dies(maker, block, place, place + 1) for block, place in others):
        return
    message = f"{maker.folder.path}: each process is killed ({killed.how}), whatever document it works on"
    if killed.wants_memory:
        raise NoMemory(message, hint="run it again with more memory, or with a smaller segmenter")
    raise UsageError(message, hint="a library that is used crashes on this machine: try another segmenter or version")


def _others(block: int, first: int, n_documents: int, n_blocks: int) -> Iterator[tuple[int, int]]:
    """Yield blocks and places in them of some documents that lie far from ``first`` of ``block``."""
    for place in sorted({0, n_documents // 2, n_documents - 1} - {first}):
        yield block, place
    for other in sorted({0, n_blocks - 1} - {block}):
        yield other, 0


def fatal_error(folder: Path, found: list[Fatal], n_blocks: int) -> DataError:
    """Return the error for blocks that no process outlived, and their documents."""
    documents = [one.document for one in found if one.document is not None]
    blocks = [str(one.block) for one in found if one.document is None]
    why, hints = [], ["run it again with more memory"]
    if documents:
        why.append(f"each process that works on document {_short(documents)} is killed")
        hints.append("or leave such documents out, and counted, with --on-kill skip")
    if blocks:
        why.append(f"each that makes shard {_short(blocks)} is killed, though no document of it alone does that")
        hints.append("or begin again with a smaller --block-size")
    return DataError(
        f"{folder}: {len(found)} of {n_blocks} shards cannot be made: {'; '.join(why)} ({ATTEMPTS} times); "
        "the others are done",
        hint="; ".join(hints),
    )


def _short(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")


def _survives(function: Callable[[Any], object], item: Any) -> bool:
    from zhprep.core.executors.processes import survives  # for those whose workers are killed

    return survives(function, item)


def _dies(maker: Maker, block: int, start: int, stop: int) -> bool:
    return not _survives(partial(_try, maker, block), (start, stop))


def _try(maker: Maker, block: int, documents: tuple[int, int]) -> None:
    maker.try_some(block, *documents)


def _first_fatal(dies: Callable[[int], bool], start: int, stop: int) -> int:
    """Return the last document of the shortest run from ``start`` that is fatal."""
    alive = start
    while stop - alive > 1:
        middle = (alive + stop) // 2
        if dies(middle):
            stop = middle
        else:
            alive = middle
    return alive
