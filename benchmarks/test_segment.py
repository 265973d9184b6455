"""``segment`` beside jieba itself: the same words of the same text, ours with tables and counts.

For two processes the figure is by the clock, so it says nothing on a machine that is busy.
"""

from __future__ import annotations

import multiprocessing
import os
import time

import pyarrow as pa
import pytest
from racing import Race

from zhprep.core.report import Account
from zhprep.segment import SegmentConfig, build
from zhprep.segment.cuts import from_column
from zhprep.segment.jieba_dictionary import read_tokenizer
from zhprep.segment.wordline import format_words, parse_words
from zhprep.segment.wordlines import format_lines, parse_lines


@pytest.fixture(scope="module")
def batch(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    return pa.concat_batches(batches)


@pytest.mark.parametrize(("hmm", "least"), [(True, 12), (False, 10)])
def test_jieba(race: Race, lines: list[str], batch: pa.RecordBatch, hmm: bool, least: float) -> None:
    stage, tokenizer = build(SegmentConfig(hmm=hmm)), read_tokenizer()
    ratio = race(
        f"segment --cws jieba, HMM {'on' if hmm else 'off'}", lambda: stage(batch, Account()),
        "jieba.lcut", lambda: [tokenizer.lcut(line, HMM=hmm) for line in lines], sum(map(len, lines)) / 1e6,
    )  # fmt: skip
    assert ratio > least


def test_words_as_lines(race: Race, batch: pa.RecordBatch) -> None:
    sentences = batch["sentences"].flatten()
    column = build(SegmentConfig())(batch, Account())["ends"]
    cuts, ends, texts = from_column(column), column.flatten().to_pylist(), sentences.to_pylist()
    amount = sum(map(len, texts)) / 1e6
    written = [format_words(text, places) for text, places in zip(texts, ends, strict=True)]
    lines = pa.array(written)
    assert race(
        "words written as lines", lambda: format_lines(sentences, cuts),
        "the same, one by one", lambda: [format_words(text, places) for text, places in zip(texts, ends, strict=True)],
        amount,
    ) > 2  # fmt: skip
    assert race(
        "lines read as words", lambda: parse_lines(lines),
        "the same, one by one", lambda: [parse_words(line) for line in written], amount,
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
