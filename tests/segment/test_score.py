"""Scores by hand, and on the real gold standards where they are."""

from __future__ import annotations

import pathlib

import pytest

from zhprep.core.errors import DataError
from zhprep.segment import SegmentConfig, load_engine
from zhprep.segment.score import score


class Fixed:
    """Gives the words it was told to."""

    name = "fixed"

    def __init__(self, *rows: str) -> None:
        self.rows = [row.split() for row in rows]

    def fingerprint(self) -> str:
        return "fixed"

    def cut(self, sentences: list[str]) -> list[list[str]]:
        assert [len(sentence) for sentence in sentences] == [len("".join(row)) for row in self.rows]
        return self.rows


# 研究 and 的 and 起源 are right; 生命 was cut in two; 他 来 should have been one; 来 stands elsewhere too.
GOLD = ["研究  生命 的 起源", "", "他来 了 来"]
FOUND = ["研究 生 命 的 起源", "他 来 了 来"]


def test_scores_by_hand(tmp_path: pathlib.Path) -> None:
    words = tmp_path / "training_words.txt"
    words.write_text("研究\n的\n了\n来\n生\n命\n", "utf-8")
    result = score(Fixed(*FOUND), GOLD, training_words=str(words))  # type: ignore[arg-type]
    assert result["gold_words"] == 7
    assert result["found_words"] == 9
    assert result["right_words"] == 5
    assert result["precision"] == pytest.approx(5 / 9)
    assert result["recall"] == pytest.approx(5 / 7)
    assert result["f1"] == pytest.approx(2 * (5 / 9) * (5 / 7) / (5 / 9 + 5 / 7))
    assert result["oov_rate"] == pytest.approx(3 / 7)  # 生命, 起源, 他来
    assert result["oov_recall"] == pytest.approx(1 / 3)  # 起源
    assert result["sentences_scored"] == 2


def test_perfect_and_hopeless() -> None:
    perfect = score(Fixed("研究 生命 的 起源", "他来 了 来"), GOLD)  # type: ignore[arg-type]
    assert (perfect["precision"], perfect["recall"], perfect["f1"]) == (1, 1, 1)
    assert perfect["oov_recall"] is None
    hopeless = score(Fixed("研究生 命的 起源完"), ["研 究生命 的起 源完"])  # type: ignore[arg-type]
    assert (hopeless["precision"], hopeless["recall"], hopeless["f1"]) == (0, 0, 0)


def test_words_known_to_the_engine_stand_in_for_a_training_list() -> None:
    result = score(load_engine(SegmentConfig()), ["研究 生命 的 起源", "王小明明 来 了"])
    assert result["oov_rate"] == pytest.approx(1 / 7)


def test_empty_gold_and_lossy_engine() -> None:
    with pytest.raises(DataError, match="no words"):
        score(load_engine(SegmentConfig()), ["", "  "])
    with pytest.raises(DataError, match="gold sentence 2: fixed gave"):
        score(Fixed("研究生命的起源", "他来了去"), GOLD)  # type: ignore[arg-type]


def test_jieba_on_the_pku_gold_standard(shared_data: pathlib.Path) -> None:
    path = shared_data / "cws_gold" / "sighan2005_pku_test_gold.txt"
    result = score(load_engine(SegmentConfig()), path.read_text("utf-8").split("\n"))
    assert result["sentences_scored"] == 1944
    assert 0.80 < result["f1"] < 0.84
