"""``zhprep segment``."""

from __future__ import annotations

import json

import jieba
from command_line import COUNTS, refused, zhprep

SENTENCE = "使用语言模型来预测下一个词的概率。"


def test_words_are_separated_by_one_space():
    result = zhprep("segment", "--quiet", stdin=SENTENCE.encode())
    assert (result.code, result.err) == (0, "")
    assert result.out.decode().split() == list(jieba.cut(SENTENCE))


def test_a_space_of_the_text_is_shown_so_that_nothing_is_lost():
    result = zhprep("segment", "--quiet", stdin="用 GPT 写 ▁ 字\n".encode())
    back = zhprep("segment", "--quiet", "--input-form", "words", stdin=result.out)
    assert "▁" in result.out.decode()
    assert back.out == result.out


def test_table_of_words(sample_data, tmp_path):
    result = zhprep("segment", sample_data / "corpus" / "news.txt", "-o", tmp_path / "out.jsonl", "--json", "--quiet")
    assert set(COUNTS) <= set(result.report)
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert all(ends[-1] == len(text) for row in rows for text, ends in zip(row["sentences"], row["ends"], strict=True))


def test_the_user_s_words_are_whole_and_counted(tmp_path):
    (tmp_path / "words.txt").write_text("《三体》\n<NUM> 5\nBlue Leaf认证 9\n从不出现\n", "utf-8")
    (tmp_path / "text.txt").write_text("看《三体》花了<NUM>块。\n他通过Blue Leaf认证了。\n", "utf-8")
    options = ("--user-dictionary", tmp_path / "words.txt", "-o", tmp_path / "out.txt")
    result = zhprep("segment", tmp_path / "text.txt", *options, "--json")
    assert (
        (tmp_path / "out.txt")
        .read_text("utf-8")
        .startswith("看 《三体》 花 了 <NUM> 块 。\n他 通过 Blue▁Leaf认证 了 。\n")
    )
    assert (result.report["user_dictionary_matched"], result.report["user_dictionary_never_matched"]) == (3, 1)
    assert "user dictionary never matched" in result.err


def test_scores(sample_data):
    gold = sample_data / "gold" / "segmentation.txt"
    shown, report = zhprep("segment", "--score", gold), zhprep("segment", "--score", gold, "--json").report
    assert (shown.code, shown.err) == (0, "")
    assert f"f1 {report['f1']:.4f}" in shown.out.decode()
    assert 0.7 < report["precision"] <= 1
    assert 0.7 < report["recall"] <= 1


def test_gold_that_is_wrong(tmp_path, sample_data):
    (tmp_path / "bad.txt").write_bytes("好 的\n".encode() + b"\xff\n")
    refused(zhprep("segment", "--score", tmp_path / "bad.txt"), 3, "bad.txt, line 2: is not UTF-8")
    (tmp_path / "empty.txt").touch()
    refused(zhprep("segment", "--score", tmp_path / "empty.txt"), 3, "no words")
    near = sample_data / "gold" / "segmentatoin.txt"
    refused(zhprep("segment", "--score", near), 2, "no such file", "segmentation.txt")


def test_an_unknown_segmenter_is_told_before_anything_is_read(tmp_path):
    arguments = ("segment", "--cws", "jeiba", tmp_path / "missing.txt", "-o", tmp_path / "out")
    refused(zhprep(*arguments), 2, "unknown segmenter 'jeiba'", "did you mean 'jieba'?")
    refused(zhprep("segment", "--cws", "no.such:Thing", stdin=b"x\n"), 2, "cannot import segmenter")
    assert list(tmp_path.iterdir()) == []


def test_a_manifest_of_somebody_else_beside_texts_is_left_alone(tmp_path):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.txt").write_text("今天天气好。\n", encoding="utf-8")
    (tmp_path / "corpus" / "manifest.json").write_text('{"files": 1}', encoding="utf-8")
    result = zhprep("segment", tmp_path / "corpus", "-o", tmp_path / "out", "--quiet")
    assert (result.code, result.err) == (0, "")
