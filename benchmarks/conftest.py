"""What the benchmarks share: the text, the race of ours beside a peer, and the table of all of them.

Figures are of processor time on one core, the best of several runs of each, by turns, loading left out. ``make bench``
prints the table; ``make bench-docs`` also writes it into ``docs/benchmarks.md``.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pytest

from zhprep.core import schema

ROOT = Path(__file__).parent.parent
N_CHARACTERS = 1_000_000
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
        print("\n" + _line(result))
        return result.ratio


def _seconds(function: Callable[[], object]) -> float:
    began = time.process_time()
    function()
    return time.process_time() - began


def _line(result: Result) -> str:
    return (
        f"{result.what:44} {result.ours:10.4g} {result.unit:8} {result.peer:44} {result.theirs:10.4g}"
        f" {result.ratio:7.1f}x"
    )


@pytest.fixture(scope="session")
def race() -> Iterator[Race]:
    """Race ours with a peer; the table is printed at the end."""
    race = Race()
    yield race
    print("\n\n" + "\n".join(map(_line, race.results)))
    if target := os.environ.get("ZHPREP_BENCH_DOCS"):
        _write(Path(target), race.results)


@pytest.fixture(scope="session")
def documents() -> list[list[str]]:
    """Return about a million characters as documents of lines: real corpora where they are, else the sample, repeated."""
    folder = Path(os.environ.get("ZHPREP_DATA", ROOT.parent / "shared" / "data")) / "corpus"
    files = sorted(folder.glob("*.txt")) or sorted((ROOT / "sample_data" / "corpus").glob("*.txt"))
    texts = [file.read_text(encoding="utf-8") for file in files]
    share = N_CHARACTERS // len(texts)
    text = "\n\n".join((text * (share // len(text) + 1))[:share] for text in texts)
    found = [[line for line in document.split("\n") if line] for document in text.split("\n\n")]
    return [document for document in found if document]


@pytest.fixture(scope="session")
def lines(documents: list[list[str]]) -> list[str]:
    """Return the lines of all documents."""
    return [line for document in documents for line in document]


@pytest.fixture(scope="session")
def batches(documents: list[list[str]]) -> list[pa.RecordBatch]:
    """Return the documents as ``text`` batches of about the size that the reader makes, 1 MiB."""
    size = -(-len(documents) // 3)
    names = [str(number) for number in range(len(documents))]
    return [
        pa.RecordBatch.from_arrays(
            [pa.array(names[i : i + size]), pa.array(documents[i : i + size], pa.list_(pa.string()))],
            schema=schema.TEXT,
        )
        for i in range(0, len(documents), size)
    ]


def _write(path: Path, results: list[Result]) -> None:
    """Put the table between the marks of the page."""
    head = "| what | zhprep | unit | beside | peer | ratio |\n|---|---:|---|---|---:|---:|\n"
    rows = "".join(
        f"| {r.what} | {r.ours:.3g} | {r.unit} | {r.peer} | {r.theirs:.3g} | {r.ratio:.1f}x |\n" for r in results
    )
    machine = f"\n{os.cpu_count()} cores, {platform.machine()}, CPython {platform.python_version()}, {time.strftime('%Y-%m-%d')}.\n"
    before, _, rest = path.read_text("utf-8").partition("<!-- table -->\n")
    _, _, after = rest.partition("<!-- end -->")
    path.write_text(f"{before}<!-- table -->\n{head}{rows}{machine}<!-- end -->{after}", "utf-8")
