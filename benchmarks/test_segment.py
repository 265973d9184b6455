"""``segment`` beside jieba itself: the same words of the same text, ours with tables and counts."""

from __future__ import annotations

import pyarrow as pa
import pytest
from racing import Race

from zhprep.core.report import Account
from zhprep.segment import SegmentConfig, build
from zhprep.segment.cuts import from_column
from zhprep.segment.jieba.user_words import read_tokenizer
from zhprep.segment.wordline import format_words, parse_words
from zhprep.segment.wordlines import format_lines, parse_lines


@pytest.fixture(scope="module")
def batch(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    return pa.concat_batches(batches)


@pytest.mark.parametrize(("hmm", "least"), [(True, 25), (False, 20)])
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
