"""What the benchmarks share: the text, and the race of ours beside a peer.

Figures are of processor time on one core, the best of several runs of each, by turns, loading left out. ``make bench``
prints the table; ``make bench-docs`` also writes it into ``docs/benchmarks.md``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from racing import Race, table_line, write_table

from zhprep.core import schema

ROOT = Path(__file__).parent.parent
N_CHARACTERS = 1_000_000


@pytest.fixture(scope="session")
def race() -> Iterator[Race]:
    """Race ours with a peer; the table is printed at the end."""
    race = Race()
    yield race
    print("\n\n" + "\n".join(map(table_line, race.results)))
    if target := os.environ.get("ZHPREP_BENCH_DOCS"):
        write_table(Path(target), race.results)


@pytest.fixture(scope="session")
def documents() -> list[list[str]]:
    """Return up to a million characters as documents of lines: real corpora, or the sample where there are none."""
    folder = Path(os.environ.get("ZHPREP_DATA", ROOT.parent / "shared" / "data")) / "corpus"
    files = sorted(folder.glob("*.txt")) or sorted((ROOT / "sample_data" / "corpus").glob("*.txt"))
    texts = [file.read_text(encoding="utf-8") for file in files]
    share = N_CHARACTERS // len(texts)
    text = "\n\n".join(text[:share] for text in texts)  # nothing twice: a little less where a corpus is short
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
