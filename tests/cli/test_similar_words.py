from __future__ import annotations

from command_line import refused, zhprep


def test_a_table_of_a_corpus_can_be_looked_at_and_used(tmp_path, sample_data, vocab):
    table = tmp_path / "similar.tsv"
    options = ("--min-count", 3, "--words", 500, "--dimensions", 20, "--least", 0.1)
    result = zhprep(
        "similar-words", sample_data / "corpus", "-o", table, *options, "--show", "老人", "--show", "无此词"
    )
    assert result.code == 0
    assert "老人: " in result.err
    assert "无此词: not in the table" in result.err
    rows = [line.split("\t") for line in table.read_text("utf-8").splitlines()]
    assert rows
    assert all(word != other and -1 <= float(score) <= 1.0001 for word, other, score in rows)
    data = tmp_path / "data"
    masks = ("--mask", "mac", "--replacement", "similar", "--similar-words", table, "--pairs", "order", "--static")
    made = zhprep("make-instances", sample_data / "corpus", "--vocab", vocab, "-o", data, *masks, "--json", "--quiet")
    assert made.code == 0, made.err
    assert made.report["masked_tokens"] > 1000


def test_a_lexicon_gives_its_synonyms(tmp_path):
    (tmp_path / "lexicon.txt").write_text("Aa01A01= 高兴 快乐 愉快\nAa01A02# 苹果 香蕉\n", encoding="utf-8")
    result = zhprep("similar-words", "--lexicon", tmp_path / "lexicon.txt", "-o", tmp_path / "out.tsv", "--quiet")
    assert (result.code, result.err) == (0, "")
    assert "高兴\t快乐\t1.0000" in (tmp_path / "out.tsv").read_text("utf-8")
    assert "苹果" not in (tmp_path / "out.tsv").read_text("utf-8")


def test_two_sources_are_refused(tmp_path):
    (tmp_path / "a.txt").write_text("高兴 快乐\n", encoding="utf-8")
    one = tmp_path / "a.txt"
    result = zhprep("similar-words", "--lexicon", one, "--vectors", one, "-o", tmp_path / "out.tsv")
    refused(result, 2, "--vectors and --lexicon")
