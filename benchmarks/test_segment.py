"""``segment`` beside jieba itself: the same words of the same text, ours with tables and counts.

Figures are million characters a second of processor time on one core, the best of several runs of each, by turns;
loading is left out. For two processes the figure is by the clock, so it says nothing on a machine that is busy.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from zhprep.core import schema
from zhprep.core.report import Account
from zhprep.segment import SegmentConfig, build
from zhprep.segment.cuts import from_column
from zhprep.segment.jieba_dictionary import read_tokenizer
from zhprep.segment.wordline import format_words, parse_words
from zhprep.segment.wordlines import format_lines, parse_lines

ROOT = Path(__file__).parent.parent
N_CHARACTERS = 1_000_000
N_RUNS = 3


@pytest.fixture(scope="module")
def documents() -> list[list[str]]:
    """Return about a million characters: of the real corpora where they are, else of the sample, repeated."""
    folder = Path(os.environ.get("ZHPREP_DATA", ROOT.parent / "shared" / "data")) / "corpus"
    files = sorted(folder.glob("*.txt")) or sorted((ROOT / "sample_data" / "corpus").glob("*.txt"))
    texts = [file.read_text(encoding="utf-8") for file in files]
    share = N_CHARACTERS // len(texts)
    text = "\n\n".join((text * (share // len(text) + 1))[:share] for text in texts)
    return [[line for line in document.split("\n") if line] for document in text.split("\n\n")]


@pytest.fixture(scope="module")
def batch(documents: list[list[str]]) -> pa.RecordBatch:
    names = pa.array([str(number) for number in range(len(documents))])
    return pa.RecordBatch.from_arrays([names, pa.array(documents, pa.list_(pa.string()))], schema=schema.TEXT)


def seconds(function: Callable[[], object]) -> float:
    started = time.process_time()
    function()
    return time.process_time() - started


def compare(ours: Callable[[], object], theirs: Callable[[], object], n_characters: int, what: str, whom: str) -> float:
    """Print both speeds and return how many times as fast ours is."""
    ours()
    mine, other = [], []
    for _ in range(N_RUNS):
        mine.append(seconds(ours))
        other.append(seconds(theirs))
    speeds = [n_characters / min(times) / 1e6 for times in (mine, other)]
    print(
        f"\nsegment {what:28} {speeds[0]:7.2f} M ch/s   {whom} {speeds[1]:6.3f} M ch/s   {speeds[0] / speeds[1]:5.1f}x"
    )
    return speeds[0] / speeds[1]


@pytest.mark.parametrize(("hmm", "least"), [(True, 12), (False, 10)])
def test_jieba(documents: list[list[str]], batch: pa.RecordBatch, hmm: bool, least: float) -> None:
    lines = [line for document in documents for line in document]
    stage, tokenizer = build(SegmentConfig(hmm=hmm)), read_tokenizer()
    ratio = compare(
        lambda: stage(batch, Account()), lambda: [tokenizer.lcut(line, HMM=hmm) for line in lines],
        sum(map(len, lines)), f"--cws jieba, HMM {'on' if hmm else 'off'}", "jieba",
    )  # fmt: skip
    assert ratio > least


def test_words_as_lines(batch: pa.RecordBatch) -> None:
    sentences = batch["sentences"].flatten()
    column = build(SegmentConfig())(batch, Account())["ends"]
    cuts, ends, texts = from_column(column), column.flatten().to_pylist(), sentences.to_pylist()
    n_characters = sum(map(len, texts))
    written = [format_words(text, places) for text, places in zip(texts, ends, strict=True)]
    lines = pa.array(written)
    assert compare(
        lambda: format_lines(sentences, cuts),
        lambda: [format_words(text, places) for text, places in zip(texts, ends, strict=True)],
        n_characters, "words written as lines", "one by one",
    ) > 2  # fmt: skip
    assert compare(
        lambda: parse_lines(lines),
        lambda: [parse_words(line) for line in written],
        n_characters, "lines read as words", "one by one",
    ) > 2  # fmt: skip


def _work(batches: list[pa.RecordBatch], ready: object, go: object) -> None:
    stage = build(SegmentConfig())
    stage(batches[0], Account())
    ready.release()  # type: ignore[attr-defined]
    go.wait()  # type: ignore[attr-defined]
    for part in batches:
        stage(part, Account())


def by_the_clock(parts: list[list[pa.RecordBatch]]) -> float:
    """Return the seconds until a process for each of ``parts`` is done, from the moment when all are ready."""
    context = multiprocessing.get_context("spawn")
    ready, go = context.Semaphore(0), context.Event()
    workers = [context.Process(target=_work, args=(part, ready, go)) for part in parts]
    for worker in workers:
        worker.start()
    for _ in workers:
        ready.acquire()
    started = time.perf_counter()
    go.set()
    for worker in workers:
        worker.join()
    return time.perf_counter() - started


def test_two_processes(batch: pa.RecordBatch) -> None:
    size = -(-batch.num_rows // 8)
    parts = [batch.slice(start, size) for start in range(0, batch.num_rows, size)] * 4
    one = by_the_clock([parts])
    two = by_the_clock([parts[::2], parts[1::2]])
    load = os.getloadavg()[0]
    print(f"\nsegment two processes: {one / two:.2f}x one by the clock ({os.cpu_count()} cores, load {load:.1f})")
    assert one / two > (1.5 if load < os.cpu_count() / 2 and os.cpu_count() > 1 else 0)
