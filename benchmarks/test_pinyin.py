"""``extract-pinyin`` beside pypinyin and g2pM: the same words of the same text, with table and alignment.

Figures are characters a second of processor time on one core. Ours is the whole stage, Arrow batch to Arrow batch;
loading is left out. Cold is the first run, in which every word is new; warm begins with a kept table of words.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow as pa
import pypinyin
import pytest

from zhprep.core.report import Account
from zhprep.core.schema import WORDS
from zhprep.pinyin import PinyinConfig, build

pytestmark = pytest.mark.benchmark(group="pinyin")

ROOT = Path(__file__).parent.parent
N_CHARACTERS = 400_000


@pytest.fixture(scope="module")
def words() -> list[list[str]]:
    """Return sentences as words: of the real corpora where they are, else of the sample, repeated."""
    segmenter = pytest.importorskip("rjieba")
    folder = Path(os.environ.get("ZHPREP_DATA", ROOT.parent / "shared" / "data")) / "corpus"
    files = sorted(folder.glob("prose_*.txt")) or sorted((ROOT / "sample_data" / "corpus").glob("*.txt"))
    if not files:
        pytest.skip("neither shared data (set ZHPREP_DATA) nor sample data")
    text = "".join(file.read_text(encoding="utf-8")[: N_CHARACTERS // len(files)] for file in files)
    return [segmenter.cut(line) for line in text.split("\n") if line]


@pytest.fixture(scope="module")
def batch(words: list[list[str]]) -> pa.RecordBatch:
    """Return the same as one batch of the ``words`` table."""
    columns = [["all"], [["".join(row) for row in words]], [[list(accumulate(map(len, row))) for row in words]]]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, WORDS, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=WORDS)


def seconds(function: Callable[[], object]) -> float:
    """Return the processor time of one call."""
    started = time.process_time()
    function()
    return time.process_time() - started


def test_pypinyin_cold_and_warm(benchmark, words, batch):
    style: dict[str, Any] = {
        "style": pypinyin.Style.TONE3,
        "neutral_tone_with_five": True,
        "errors": lambda run: [""] * len(run),
    }
    n = sum(len(word) for row in words for word in row)
    theirs = n / seconds(lambda: [pypinyin.lazy_pinyin(word, **style) for row in words for word in row])
    stage = build(PinyinConfig(engine="pypinyin"))
    cold = n / seconds(lambda: stage(batch, Account()))
    warm = n / min(seconds(lambda: stage(batch, Account())) for _ in range(3))
    benchmark.pedantic(stage, (batch, Account()), rounds=1)
    benchmark.extra_info |= {"pypinyin": round(theirs), "cold": round(cold), "warm": round(warm)}
    print(f"pypinyin {theirs:,.0f}, cold {cold:,.0f} ({cold / theirs:.0f}x), warm {warm:,.0f} ({warm / theirs:.0f}x)")
    assert cold > 5 * theirs
    assert warm > 100 * theirs


def test_g2pm(benchmark, words, batch):
    package = pytest.importorskip("g2pM")
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        model = package.G2pM()
    some = ["".join(row) for row in words[:400]]
    theirs = sum(map(len, some)) / seconds(lambda: [model(sentence, char_split=True) for sentence in some])
    stage = build(PinyinConfig(engine="g2pm"))
    n = sum(len(word) for row in words for word in row)
    ours = n / min(seconds(lambda: stage(batch, Account())) for _ in range(2))
    benchmark.pedantic(stage, (batch, Account()), rounds=1)
    benchmark.extra_info |= {"g2pM": round(theirs), "ours": round(ours)}
    print(f"g2pM {theirs:,.0f}/s, ours {ours:,.0f} ({ours / theirs:.0f}x)")
    assert ours > 20 * theirs


def test_context(benchmark, words, batch):
    stage = build(PinyinConfig(engine="context"))
    n = sum(len(word) for row in words for word in row)
    cold = n / seconds(lambda: stage(batch, Account()))
    benchmark.pedantic(stage, (batch, Account()), rounds=1)
    benchmark.extra_info |= {"cold": round(cold)}
    print(f"context {cold:,.0f} characters a second, cold")
    assert cold > 300_000
