"""``zhprep show-masks``."""

from __future__ import annotations

import jieba
from command_line import refused, zhprep

from zhprep.instances.masks import STRATEGIES

SENTENCE = "使用语言模型来预测下一个词的概率。"


def test_the_strategies_side_by_side():
    result = zhprep("show-masks", SENTENCE)
    assert (result.code, result.err) == (0, "")
    rows = dict(line.split(maxsplit=1) for line in result.out.decode().splitlines())
    assert list(rows) == ["original", "segmented", "tokens", *STRATEGIES]
    assert rows["original"] == SENTENCE
    assert rows["segmented"].split() == list(jieba.cut(SENTENCE))
    assert rows["tokens"].split() == list(SENTENCE)


def test_the_same_every_time_and_another_with_another_seed():
    first, second = (zhprep("show-masks", SENTENCE, "--json").report for _ in range(2))
    other = zhprep("show-masks", SENTENCE, "--json", "--seed", 1).report
    assert first == second != other
    assert set(first) == set(STRATEGIES)


def test_a_vocabulary_of_ones_own(vocab, tmp_path):
    assert zhprep("show-masks", SENTENCE, "--vocab", vocab).code == 0
    refused(zhprep("show-masks", SENTENCE, "--vocab", tmp_path), 3, "has no tokenizer.json")
    refused(zhprep("show-masks", SENTENCE, "--cws", "jeiba"), 2, "unknown segmenter", "'jieba'")


def test_nothing_to_show():
    refused(zhprep("show-masks", ""), 2, "the text is empty")
    refused(zhprep("show-masks", "  "), 2, "the text is empty")
