"""Whole commands on text that does not repeat itself: all corpora, and 2 and 4 times as much (``distinct_text``).

Seconds of processor from the start of a program to its end, medians of ``N_TURNS`` by turns, one worker. Start-up is a
command on one line; cold is what the corpora take beyond it; steady is what the next as much again takes. Peers get one
document of eight, as their time grows with the text and no slower. ``ZHPREP_BASE`` names a checkout of zhprep to race
with, ``ZHPREP_TRANSFORMERS4`` a Python that has transformers 4 and jieba; without them these lines are not there.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from distinct_text import write
from racing import Race
from whole import Took, command, quickest, zhprep

N_TURNS = int(os.environ.get("ZHPREP_BENCH_TURNS", "5"))
TIMES = (1, 2, 4)
QUIET = 0.1
"""How many cores others may have taken, if seconds by the clock are to mean anything."""
HERE = Path(__file__).parent
ROOTS = {"": HERE.parent, **({"base": Path(os.environ["ZHPREP_BASE"])} if "ZHPREP_BASE" in os.environ else {})}


QUICKER = {"segment": 2.0, "make-instances": 2.0, "build-vocab": 2.0}
"""How many times as fast as commit 39b63fb these commands are at least, over the corpora, start-up and all."""

STARTS = 2.0
"""How many times as fast as that commit they are at least on one line."""


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> dict[float, Path]:
    """The corpora and 2 and 4 times as much, an eighth of them, and one line (0), by how much it is of the corpora."""
    folder = tmp_path_factory.mktemp("distinct")
    found = {float(times): folder / f"times-{times}.txt" for times in TIMES}
    ends = write(found[TIMES[-1]], TIMES[-1])
    for times in TIMES[:-1]:
        found[times].write_bytes(found[TIMES[-1]].read_bytes()[: ends[times - 1]])
    documents = found[1.0].read_text("utf-8").split("\n\n")
    found.update({0.125: folder / "eighth.txt", 0.0: folder / "line.txt"})
    found[0.125].write_text("\n\n".join(documents[::8]) + "\n", "utf-8")
    found[0.0].write_text("今天天气很好，我们研究生命的起源。\n", "utf-8")
    return found


@pytest.fixture(scope="module")
def vocabularies(texts: dict[float, Path]) -> dict[str, Path]:
    """The vocabulary that each build makes of the corpora, which is one and the same."""
    folders = {build: texts[1.0].with_name(f"vocab{build}") for build in ROOTS}
    for build, root in ROOTS.items():
        zhprep("build-vocab", texts[1.0], "-o", folders[build], root=root)
    assert len({(folder / "tokenizer.json").read_bytes() for folder in folders.values()}) == 1
    return folders


def characters(path: Path) -> float:
    """Return how many millions of characters a text has."""
    return len(path.read_text("utf-8").replace("\n", "")) / 1e6


def by_turns(runs: dict[str, Callable[[], float]]) -> dict[str, float]:
    """Return the median seconds of each."""
    took: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(N_TURNS):
        for name, run in runs.items():
            took[name].append(run())
    for name, seconds in took.items():
        print(f"{name}: {' '.join(f'{one:.2f}' for one in seconds)} s")
    return {name: statistics.median(seconds) for name, seconds in took.items()}


def arguments(name: str, vocabulary: Path) -> tuple[object, ...]:
    masks = ("--vocab", vocabulary, "--mask", "wwm", "--static", "--max-length", 128)
    return ("--workers", 1, *{"segment": ("--cws", "jieba"), "make-instances": masks}.get(name, ()))


@pytest.mark.skipif("base" not in ROOTS, reason="ZHPREP_BASE names no other build")
@pytest.mark.parametrize("name", ["normalize", "segment", "build-vocab", "extract-pinyin", "make-instances"])
def test_start(name: str, texts: dict[float, Path], vocabularies: dict[str, Path], race: Race, tmp_path: Path) -> None:
    """A command on one line, beside another build; the tables that are kept are there."""

    def run(build: str) -> Callable[[], float]:
        options = arguments(name, vocabularies[build])
        return lambda: zhprep(name, texts[0.0], "-o", tmp_path / f"out{build}", *options, root=ROOTS[build]).processor

    for build in ROOTS:
        run(build)()
    took = by_turns({f"{name} {build}": run(build) for build in ROOTS})
    what = f"{name}, one line"
    assert race.add(what, "base build", 1 / took[f"{name} "], 1 / took[f"{name} base"], "runs/s") > STARTS


@pytest.mark.parametrize("name", ["make-instances", "segment", "build-vocab"])
def test_growth(name: str, texts: dict[float, Path], vocabularies: dict[str, Path], race: Race, tmp_path: Path) -> None:
    """Start-up, cold and steady parts, beside those of another build."""

    def run(build: str, text: Path) -> Callable[[], float]:
        options = arguments(name, vocabularies[build])
        return lambda: zhprep(name, text, "-o", tmp_path / f"out{build}", *options, root=ROOTS[build]).processor

    sizes = (0.0, 1.0, *((2.0, 4.0) if name != "build-vocab" else ()))
    took = by_turns(
        {
            f"{name} {build} {size:g}x": run(build, texts[size])
            for size in sizes
            for build in ROOTS
            if size < 2 or not build
        }
    )
    seconds = {size: took[f"{name}  {size:g}x"] for size in sizes}
    amounts = {size: characters(texts[size]) for size in sizes}
    if "base" in ROOTS:
        start, whole = took[f"{name} base 0x"], took[f"{name} base 1x"]
        race.add(f"{name}, start-up (one line)", "base build", 1 / seconds[0.0], 1 / start, "runs/s")
        what = f"{name}, the corpora, start-up and all"
        ratio = race.add(what, "base build", amounts[1.0] / seconds[1.0], amounts[1.0] / whole, "M ch/s")
        assert ratio > QUICKER.get(name, 0.0)
    if 4.0 in seconds:
        cold = amounts[1.0] / (seconds[1.0] - seconds[0.0])
        steady = (amounts[4.0] - amounts[2.0]) / (seconds[4.0] - seconds[2.0])
        what = f"{name}, steady (from 2 to 4 times the corpora)"
        race.add(what, "cold (the corpora), start-up apart", steady, cold, "M ch/s")
        assert seconds[4.0] < 4.4 * seconds[1.0]  # no slower as the text grows; room for a busy machine


@pytest.mark.skipif("base" not in ROOTS, reason="ZHPREP_BASE names no other build")
@pytest.mark.parametrize("name", ["make-instances", "segment"])
def test_memory(name: str, texts: dict[float, Path], vocabularies: dict[str, Path], race: Race, tmp_path: Path) -> None:
    """What a command holds at most, over the corpora, beside another build."""
    took = {
        build: zhprep(
            name, texts[1.0], "-o", tmp_path / f"out{build}", *arguments(name, vocabularies[build]), root=root
        ).memory
        for build, root in ROOTS.items()
    }
    assert race.add(f"{name}, peak memory", "base build", took[""], took["base"], "MB") < 1.02


def test_two_cores(texts: dict[float, Path], vocabularies: dict[str, Path], race: Race, tmp_path: Path) -> None:
    """What a second core brings by the clock, over 4 times the corpora, where others leave both alone; and what it
    brings to two commands that share nothing, each over a half, at once: more than that these cores do not give."""
    text, options = texts[4.0], arguments("make-instances", vocabularies[""])[2:]
    halves = texts[2.0], tmp_path / "second.txt"
    halves[1].write_bytes(text.read_bytes()[halves[0].stat().st_size :])

    def run(path: Path, workers: int = 1) -> Took:
        return zhprep("make-instances", path, "-o", tmp_path / f"{path.stem}-out", "--workers", workers, *options)

    took: dict[int, list[Took]] = {1: [], 2: []}
    at_once: list[float] = []
    for _ in range(N_TURNS):
        for workers, runs in took.items():
            runs.append(run(text, workers))
        with ThreadPoolExecutor(2) as both:
            at_once.append(max(half.clock for half in both.map(run, halves)))
    one, two = quickest(took[1]), quickest(took[2])
    amount, others = characters(text), max(one.others, two.others)
    rate, what = amount / one.clock, "make-instances, 4 times the corpora, by the clock"
    most = race.add(f"{what}, two commands at once, half each", "one", amount / min(at_once), rate, "M ch/s")
    ratio = race.add(f"{what}, two workers", "one worker", amount / two.clock, rate, "M ch/s")
    print(f"others took {others:.2f} cores; work {one.processor:.1f} s with one worker, {two.processor:.1f} s with two")
    assert min(run.processor for run in took[2]) < 1.25 * min(run.processor for run in took[1])
    if others < QUIET:
        assert ratio > 0.85 * most


def test_peers(texts: dict[float, Path], vocabularies: dict[str, Path], race: Race, tmp_path: Path) -> None:
    """An eighth of the corpora, from text to masked rows, beside scripts of others."""
    text, vocabulary = texts[0.125], vocabularies[""]
    options = arguments("make-instances", vocabulary)
    runs = {
        "zhprep make-instances": lambda: zhprep("make-instances", text, "-o", tmp_path / "out", *options).processor,
        "jieba, tokenizers and a loop": lambda: (
            command(HERE / "plain_path.py", text, vocabulary / "vocab.txt", tmp_path / "lines").processor
        ),
    }
    if python := os.environ.get("ZHPREP_TRANSFORMERS4"):
        runs["transformers 4: jieba, BertTokenizerFast, its collator"] = lambda: (
            command(HERE / "collator_path.py", text, vocabulary, tmp_path / "rows", python=python).processor
        )
    took, amount = by_turns(runs), characters(text)
    mine = took.pop("zhprep make-instances")
    for name, seconds in took.items():
        what = "make-instances, an eighth of the corpora, start-up and all"
        assert race.add(what, name, amount / mine, amount / seconds, "M ch/s") > 4
