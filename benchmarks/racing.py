"""The race of ours beside a peer, and the table of all races."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

N_RUNS = 3


@dataclass(frozen=True)
class Result:
    """One line of the table: what, beside whom, both speeds."""

    what: str
    peer: str
    ours: float
    theirs: float
    unit: str

    @property
    def ratio(self) -> float:
        """How many times as fast ours is."""
        return self.ours / self.theirs


@dataclass
class Race:
    """Times ours and a peer's by turns and keeps the results."""

    results: list[Result] = field(default_factory=list)

    def __call__(
        self, what: str, ours: Callable[[], object], peer: str, theirs: Callable[[], object], amount: float,
        unit: str = "M ch/s", n_runs: int = N_RUNS,
    ) -> float:  # fmt: skip
        """Return how many times as fast ``ours`` does ``amount`` units of work; the first run of ours is not timed."""
        ours()
        mine, other = [], []
        for _ in range(n_runs):
            mine.append(_seconds(ours))
            other.append(_seconds(theirs))
        return self.add(what, peer, amount / min(mine), amount / min(other), unit)

    def add(self, what: str, peer: str, ours: float, theirs: float, unit: str) -> float:
        """Keep speeds that were measured otherwise; return their ratio."""
        result = Result(what, peer, ours, theirs, unit)
        self.results.append(result)
        print("\n" + table_line(result))
        return result.ratio


def _seconds(function: Callable[[], object]) -> float:
    began = time.process_time()
    function()
    return time.process_time() - began


def table_line(result: Result) -> str:
    return (
        f"{result.what:44} {result.ours:10.4g} {result.unit:8} {result.peer:44} {result.theirs:10.4g}"
        f" {result.ratio:7.1f}x"
    )


def write_table(path: Path, results: list[Result]) -> None:
    """Put the table between the marks of the page."""
    head = "| what | zhprep | unit | beside | peer | ratio |\n|---|---:|---|---|---:|---:|\n"
    rows = [
        f"| {one.what} | {one.ours:.3g} | {one.unit} | {one.peer} | {one.theirs:.3g} | {one.ratio:.1f}x |\n"
        for one in results
    ]
    machine = f"{os.cpu_count()} cores, {platform.machine()}, CPython {platform.python_version()}"
    before, _, rest = path.read_text("utf-8").partition("<!-- table -->\n")
    _, _, after = rest.partition("<!-- end -->")
    table = f"{head}{''.join(rows)}\n{machine}, {time.strftime('%Y-%m-%d')}.\n"
    path.write_text(f"{before}<!-- table -->\n{table}<!-- end -->{after}", "utf-8")
