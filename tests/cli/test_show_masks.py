"""``zhprep show-masks``."""

from __future__ import annotations

import jieba
from command_line import refused, zhprep
from plain_corruptions import ORDER

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


def test_mac_puts_similar_words_in(tmp_path):
    rows = dict(
        line.split(maxsplit=1) for line in zhprep("show-masks", SENTENCE, "--seed", 3).out.decode().splitlines()
    )
    assert "[MASK]" in rows["ngram"]
    assert "[MASK]" not in rows["mac"]
    assert "范 式" in rows["mac"]  # for 模型
    (tmp_path / "similar.tsv").write_text("模型\t猫狗\n", encoding="utf-8")
    own = zhprep("show-masks", SENTENCE, "--seed", 3, "--similar-words", tmp_path / "similar.tsv")
    assert "语 言 猫 狗" in own.out.decode()
    plain = zhprep("show-masks", SENTENCE, "--seed", 3, "--replacement", "all-mask").out.decode().splitlines()
    assert next(line for line in plain if line.startswith("mac")).count("[MASK]") > 1


def test_the_same_every_time_and_another_with_another_seed():
    first, second = (zhprep("show-masks", SENTENCE, "--json").report for _ in range(2))
    other = zhprep("show-masks", SENTENCE, "--json", "--seed", 1).report
    assert first == second != other
    assert set(first) == set(STRATEGIES)


def test_a_vocabulary_of_ones_own(vocab, tmp_path):
    assert zhprep("show-masks", SENTENCE, "--vocab", vocab).code == 0
    refused(zhprep("show-masks", SENTENCE, "--vocab", tmp_path), 3, "has no tokenizer.json")
    refused(zhprep("show-masks", SENTENCE, "--cws", "jeiba"), 2, "unknown segmenter", "'jieba'")


TWO = "使用语言模型来预测下一个词的概率。今天天气很好！"


def test_the_corruptions_side_by_side():
    result = zhprep("show-masks", TWO, "--corruptions", "--seed", 1)
    assert (result.code, result.err) == (0, "")
    rows = [line.split(maxsplit=1) for line in result.out.decode().splitlines()]
    assert [name for name, _ in rows] == ["original", "tokens", *ORDER[:6], "→", "prefix", "→", "causal"]
    shown = {name: tokens.split() for name, tokens in rows if name != "→"}
    assert shown["original"] == [TWO]
    assert shown["tokens"] == shown["causal"] == list(TWO)
    assert "".join(shown["permute"]) in (TWO, "今天天气很好！使用语言模型来预测下一个词的概率。")
    assert sorted(shown["rotate"]) == sorted(TWO)
    assert len(shown["delete"]) < len(TWO)
    assert "[MASK]" in shown["infill"]
    said = [tokens.split() for name, tokens in rows if name == "→"]
    assert said[0][0] == "[unused100]"
    assert shown["prefix"] + said[1] == list(TWO)


def test_corruptions_as_json_and_with_a_vocabulary_without_sentinels(vocab):
    report = zhprep("show-masks", TWO, "--corruptions", "--json").report
    assert list(report) == list(ORDER)
    assert report["causal"] == {"source": list(TWO), "target": list(TWO)}
    bare = zhprep("show-masks", TWO, "--corruptions", "--json", "--vocab", vocab).report
    assert list(bare) == [name for name in ORDER if name != "sentinels"]


def test_nothing_to_show():
    refused(zhprep("show-masks", ""), 2, "the text is empty")
    refused(zhprep("show-masks", "  "), 2, "the text is empty")
