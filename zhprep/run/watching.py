"""How far the work in a folder is, for whoever waits: what is done and at which rate, what is under way, what failed.

All of it is read from the folder, whoever works there and wherever: receipts, and the notes that lie beside them.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from zhprep.core.errors import DataError
from zhprep.core.progress import clock
from zhprep.core.seal import read_sealed
from zhprep.core.shards import (
    FAILED,
    MANIFEST,
    PLAN,
    QUARANTINE,
    WORKING,
    Folder,
    numbers,
    open_folder,
    read_failed,
    read_made,
    read_note,
)
from zhprep.core.temporary import is_alive, pid_namespace
from zhprep.run.folders import read_plan, shards_of

_RECENT = 256
"""How many of the newest blocks or lines of a log a rate is of."""


@dataclass(frozen=True)
class _Done:
    """A block that is done: its text in bytes, its counts, and when it was made (seconds since 1970)."""

    weight: int
    documents: int
    characters: int
    began: float
    ended: float


class Watcher:
    """Looks at a folder again and again; what is done once is not read again.

    Raises ``DataError`` when zhprep did not make it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._plan = read_plan(path)
        self._done: dict[int, _Done] = {}

    def look(self) -> dict[str, Any]:
        """Return what is done: of a folder of shards (``shards``), or of a run of training (``steps``)."""
        finished = (self._path / MANIFEST).exists()
        return self._shards(finished) if "corpus" in self._plan else run_status(self._path, self._plan, finished)

    def _shards(self, finished: bool) -> dict[str, Any]:
        folder, plan = open_folder(shards_of(self._path))
        weights = [sum(piece["weight"] for piece in block) for block in plan["corpus"]["blocks"]]
        pending = []
        for block in range(folder.n_blocks):
            if block not in self._done and not self._take(folder, block, weights[block]):
                pending.append(block)
        notes = [(block, read_note(folder.place(block))) for block in numbers(folder.path / WORKING)]
        under_way = [{"block": block, **_who(asdict(note))} for block, note in notes if note and block in set(pending)]
        rates = _rates(list(self._done.values()), folder.path)
        left = sum(weights[block] for block in pending)
        left -= sum(min(note.done, weights[block]) for block, note in notes if note and block in set(pending))
        speed = rates.get("bytes", 0.0)
        newest = max((done.ended for done in self._done.values()), default=(folder.path / PLAN).stat().st_mtime)
        return {
            "table": plan["table"], "shards": folder.n_blocks, "done": folder.n_blocks - len(pending),
            "pending": pending, "finished": finished,
            "documents": sum(done.documents for done in self._done.values()),
            "characters": sum(done.characters for done in self._done.values()),
            "per_second": rates, "seconds_left": 0 if not pending else round(left / speed) if speed else None,
            "heard": clock(newest),
            "under_way": under_way, "failed": _failed(folder, pending), "quarantined": _quarantined(folder),
        }  # fmt: skip

    def _take(self, folder: Folder, block: int, weight: int) -> bool:
        """Keep in mind a block that is done; return whether it is."""
        try:
            if not folder.is_done(block):
                return False
            counts = folder.account(block).counts
            written = folder.receipt(block).stat().st_mtime
        except (OSError, DataError):
            return False
        made = read_made(folder.made(block))
        began, ended = (made.began, made.ended) if made else (written, written)
        self._done[block] = _Done(weight, counts["documents_in"], counts["characters"], began, ended)
        return True


def run_status(path: Path, plan: dict[str, Any], finished: bool) -> dict[str, Any]:
    """Return how far a run of training is, from its checkpoints and its log."""
    saved = [int(folder.name.removeprefix("step-")) for folder in path.glob("step-*") if folder.name[5:].isdigit()]
    steps = plan["config"]["steps"]
    lines = [line for line in _log_lines(path / "log.jsonl") if "loss" in line]
    newest = lines[-1] if lines else {}
    done = steps if finished else max(saved, default=0)
    at = max(done, newest.get("step", 0))
    seconds = _seconds_a_step(lines[-_RECENT:])
    losses = list(newest.get("loss", {}).values())
    return {
        "steps": steps, "done": done, "finished": finished, "step": at,
        "loss": sum(losses) if losses and None not in losses else None,  # null: it diverged
        "tokens_per_second": newest.get("tokens_per_second"),
        "steps_per_second": round(1 / seconds, 4) if seconds else None,
        "seconds_left": 0 if finished else round(seconds * (steps - at)) if seconds else None,
        "heard": clock((path / ("log.jsonl" if lines else PLAN)).stat().st_mtime),
    }  # fmt: skip


def _log_lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a log; the last of one that is being written may be cut."""
    found = []
    for line in path.read_bytes().split(b"\n") if path.exists() else ():
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


def _seconds_a_step(lines: list[dict[str, Any]]) -> float:
    """Return what a step takes, with its share of looks and checkpoints, by the seconds that the newest lines say; 0
    where it cannot be known. An older zhprep said those of training alone, or all of them, under one name."""
    clock = "elapsed" if lines and "elapsed" in lines[0] else "seconds"
    marks = [(line["step"], line[clock]) for line in lines if clock in line]
    if len(marks) < 2 or marks[-1][0] <= marks[0][0]:
        return 0.0
    return float((marks[-1][1] - marks[0][1]) / (marks[-1][0] - marks[0][0]))


def _rates(done: Iterable[_Done], path: Path) -> dict[str, float]:
    """Return documents, characters, bytes of text and blocks a second, of the newest blocks and the time in which any
    of them was worked on; where that was not noted, of all and the time from plan to last receipt."""
    newest = sorted(done, key=lambda one: one.ended)[-_RECENT:]
    if not newest:
        return {}
    if all(one.ended > one.began for one in newest):
        seconds, upto = 0.0, 0.0
        for one in sorted(newest, key=lambda one: one.began):
            seconds += max(0.0, one.ended - max(one.began, upto))
            upto = max(upto, one.ended)
    else:
        newest = list(done)
        seconds = max(one.ended for one in newest) - (path / PLAN).stat().st_mtime
    if seconds <= 0:
        return {}
    totals: Counter[str] = Counter()
    for one in newest:
        totals.update(documents=one.documents, characters=one.characters, bytes=one.weight, blocks=1)
    return {name: round(total / seconds, 3) for name, total in totals.items()}


def _who(note: dict[str, Any]) -> dict[str, Any]:
    """Return of a note who is at what since when, and whether that process is there, if that can be known."""
    shown = {name: note[name] for name in ("first", "last", "host", "pid")}
    alive = is_alive(note["pid"]) if note["where"] == pid_namespace() else None
    return {**shown, "since": clock(note["since"]), "seconds": round(time.time() - note["since"]), "alive": alive}


def _failed(folder: Folder, pending: list[int]) -> list[dict[str, Any]]:
    found = [(block, read_failed(folder.failed(block))) for block in numbers(folder.path / FAILED)]
    wanted = set(pending)
    return [
        {"block": block, **asdict(failed), "time": clock(failed.time)} for block, failed in found
        if failed and block in wanted
    ]  # fmt: skip


def _quarantined(folder: Folder) -> list[dict[str, Any]]:
    found = []
    for block in numbers(folder.path / QUARANTINE):
        try:
            record = read_sealed(folder.quarantine(block))
        except (OSError, DataError):
            continue
        one = {name: record.get(name) for name in ("block", "document", "by", "left_out")}
        documents = record.get("documents", [one["document"]])  # an older zhprep said only the last
        found += [{**one, "document": document} for document in documents]
    return found
