"""Where a command with workers spends its processor: seconds before the workers, of each worker's blocks, and after.

python phases.py make-instances TEXT -o DATA --vocab VOCAB --mask wwm --static --workers 2

What two workers do not share is what they gain nothing from. Of the command itself the seconds are those of all its
threads; a worker's first block is told apart from its others.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import mean
from types import SimpleNamespace
from typing import Any

import zhprep.cli


def main() -> None:
    """Run the command line with a note of the seconds at each border, and print those in between."""
    notes = Path(tempfile.mkdtemp()) / "notes"
    importing: Any = zhprep.cli
    importing.importlib = SimpleNamespace(import_module=_noting_when_imported(notes))
    try:
        zhprep.cli.main(sys.argv[1:])
    finally:
        _note(notes, "after the blocks", time.process_time())
        _show([line.split() for line in notes.read_text("utf-8").splitlines()])


def _noting_when_imported(notes: Path) -> Callable[[str], Any]:
    """Return what imports a command as the command line does, and then has the borders noted."""

    def imported(name: str) -> Any:
        command = importlib.import_module(name)
        _note(notes, "imports", time.process_time())
        from zhprep.cli import inputs
        from zhprep.core.shards.making import job, maker

        scanning: Any = inputs
        making: Any = maker.ShardMaker
        scanning.scan = _noted(notes, scanning.scan, "before the plan", "plan")
        job._make_missing = _noted(notes, job._make_missing, "before the blocks", "blocks, or waiting")
        making.__call__ = _timed(notes, making.__call__)
        return command

    return imported


def _noted(notes: Path, function: Callable[..., Any], before: str, within: str) -> Callable[..., Any]:
    def noting(*given: Any, **named: Any) -> Any:
        _note(notes, before, time.process_time())
        try:
            return function(*given, **named)
        finally:
            _note(notes, within, time.process_time())

    return noting


def _timed(notes: Path, make: Callable[[Any, int], int]) -> Callable[[Any, int], int]:
    def timing(maker: Any, block: int) -> int:
        began = time.process_time()
        try:
            return make(maker, block)
        finally:
            _note(notes, "block", time.process_time() - began)

    return timing


def _note(notes: Path, what: str, seconds: float) -> None:
    with notes.open("a", encoding="utf-8") as file:
        file.write(f"{os.getpid()} {seconds} {what}\n")


def _show(noted: list[list[str]]) -> None:
    before = 0.0
    blocks: dict[str, list[float]] = {}
    for process, seconds, *what in noted:
        if what == ["block"]:
            blocks.setdefault(process, []).append(float(seconds))
            continue
        print(f"{' '.join(what):<20}{float(seconds) - before:6.2f} s")
        before = float(seconds)
    for process, took in blocks.items():
        others = f", {len(took) - 1} others {mean(took[1:]):.2f} each" if len(took) > 1 else ""
        print(f"{f'worker {process}':<20}{sum(took):6.2f} s: first block {took[0]:.2f}{others}")


if __name__ == "__main__":
    main()
