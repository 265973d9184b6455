"""Whole commands: what a second core brings, by the clock, and a short run beside a script of the quickest parts.

Seconds by the clock mean little on a machine that others use: how many cores they took is printed, and where it
was more than a tenth of one, only the work is asserted, that two workers do hardly more of it than one.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from racing import Race
from whole import Took, command, quickest, zhprep

N_COPIES = 96
N_TURNS = 2
QUIET = 0.1
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def short(documents: list[list[str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A million characters as a file."""
    path = tmp_path_factory.mktemp("whole") / "short.txt"
    path.write_text("\n\n".join("\n".join(document) for document in documents) + "\n\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def long(short: Path) -> Path:
    path = short.with_name("long.txt")
    path.write_bytes(short.read_bytes() * N_COPIES)
    return path


@pytest.fixture(scope="module")
def vocabulary(short: Path) -> Path:
    zhprep("build-vocab", short, "-o", short.with_name("vocab"))
    return short.with_name("vocab")


@pytest.mark.parametrize("name", ["segment", "make-instances"])
def test_two_cores(name: str, long: Path, vocabulary: Path, race: Race, tmp_path: Path) -> None:
    options = ("--vocab", vocabulary, "--mask", "wwm") if name == "make-instances" else ()
    took: dict[int, list[Took]] = {1: [], 2: []}
    for _ in range(N_TURNS):
        for workers, runs in took.items():
            runs.append(zhprep(name, long, "-o", tmp_path / "out", "--workers", workers, *options))
    one, two = quickest(took[1]), quickest(took[2])
    amount = len(long.read_text(encoding="utf-8")) / 1e6
    ratio = race.add(
        f"{name}, two workers, by the clock", "one worker", amount / two.clock, amount / one.clock, "M ch/s"
    )
    others = max(one.others, two.others)
    print(f"others took {others:.2f} cores; work {one.processor:.1f} s with one worker, {two.processor:.1f} s with two")
    assert min(run.processor for run in took[2]) < 1.25 * min(run.processor for run in took[1])
    if others < QUIET:
        assert ratio > 1.65


def test_short_run(short: Path, vocabulary: Path, race: Race, tmp_path: Path) -> None:
    """A million characters, in seconds of processor from the start of the program to its end."""
    options = ("--vocab", vocabulary, "--mask", "wwm", "--static", "--max-length", 128, "--workers", 1)
    ours, theirs = [], []
    for _ in range(N_TURNS):
        ours.append(zhprep("make-instances", short, "-o", tmp_path / "out", *options).processor)
        theirs.append(command(HERE / "plain_path.py", short, vocabulary / "vocab.txt", tmp_path / "lines").processor)
    amount = len(short.read_text(encoding="utf-8")) / 1e6
    assert race.add(
        "make-instances, 1 M characters, start-up and all", "jieba, tokenizers and a loop, the same",
        amount / min(ours), amount / min(theirs), "M ch/s",
    ) > 3  # fmt: skip


def test_second_duplicate(short: Path, vocabulary: Path, race: Race, tmp_path: Path) -> None:
    """What one more duplicate costs, from text to shards, by the seconds of four more."""
    text = short.with_name("eight.txt")
    text.write_bytes(short.read_bytes() * 8)
    options = ("--vocab", vocabulary, "--mask", "wwm", "--static", "--max-length", 128, "--workers", 1)
    took: dict[int, list[float]] = {1: [], 5: []}
    for _ in range(N_TURNS):
        for copies, runs in took.items():
            done = zhprep("make-instances", text, "-o", tmp_path / "out", *options, "--dupe-factor", copies)
            runs.append(done.processor)
    first, more = min(took[1]), (min(took[5]) - min(took[1])) / 4
    amount = len(text.read_text(encoding="utf-8")) / 1e6
    race.add("make-instances, one more duplicate", "the first", amount / more, amount / first, "M ch/s")
    assert more < 0.17 * first  # a tenth of what the first took before it was twice as quick; room for a busy machine
