"""Words as lines are told from text."""

from __future__ import annotations

from pathlib import Path

import pytest

from zhprep.core.corpus.formats import looks_segmented


@pytest.mark.parametrize(
    "sample",
    [
        "春天 来 了 。\n山上 的 雪 化 了 ， 河水 涨 起来 了 。\n",
        "春天 来 了 。\r\n山上 的 雪\r\n",
        "GPT-4 是 什么 ？\n",
        "这 是 没有 标点 的 话\n" * 20,
    ],
)
def test_words(sample: str) -> None:
    assert looks_segmented(sample)


@pytest.mark.parametrize(
    "sample",
    [
        "",
        "春天来了。\n",
        "你好 世界\n",
        "一 \r\n",
        "北京 上海 广州\n",
        "春天来了 。 山上的雪化了。\n",
        "plain English , spaced out .\n",
        "春天  来 了 。\n",
        "中华人民共和国中央人民政府 今天 宣布成立了并且发表公告 。\n",
    ],
)
def test_text(sample: str) -> None:
    assert not looks_segmented(sample)


def test_real_corpora_are_text_and_gold_is_words(shared_data: Path) -> None:
    for path in (shared_data / "corpus").glob("*.txt"):
        assert not looks_segmented(path.read_text(encoding="utf-8")[: 1 << 18]), path.name
