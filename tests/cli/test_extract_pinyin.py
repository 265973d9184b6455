"""``zhprep extract-pinyin``."""

from __future__ import annotations

import json

from command_line import COUNTS, refused, zhprep


def test_a_syllable_id_per_character(sample_data, tmp_path):
    arguments = (sample_data / "corpus" / "news.txt", "-o", tmp_path / "out.jsonl", "--json", "--quiet")
    result = zhprep("extract-pinyin", *arguments)
    assert (result.code, result.err) == (0, "")
    assert set(COUNTS) <= set(result.report)
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    pairs = [pair for row in rows for pair in zip(row["sentences"], row["syllables"], strict=True)]
    assert len(pairs) > 50
    assert all(len(text) == len(syllables) for text, syllables in pairs)


def test_a_folder_is_a_pinyin_table(sample_data, tmp_path):
    assert zhprep("extract-pinyin", sample_data / "corpus" / "news.txt", "-o", tmp_path / "out", "--quiet").code == 0
    assert json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))["table"] == "pinyin"


def test_scores(sample_data):
    gold = sample_data / "gold" / "pinyin.tsv"
    shown, report = (
        zhprep("extract-pinyin", "--score", gold),
        zhprep("extract-pinyin", "--score", gold, "--json").report,
    )
    assert (shown.code, shown.err) == (0, "")
    assert f"accuracy {report['accuracy']:.4f}" in shown.out.decode()
    assert report["accuracy"] > 0.7


def test_an_unknown_engine_is_told_before_anything_is_read(tmp_path):
    arguments = ("extract-pinyin", "--engine", "pypinin", tmp_path / "missing.txt", "-o", tmp_path / "out")
    refused(zhprep(*arguments), 2, "unknown pinyin engine 'pypinin'", "did you mean 'pypinyin'?")


def test_gold_that_is_wrong(tmp_path):
    (tmp_path / "gold.tsv").write_text("sentence\tindex\tpinyin\n好\n", encoding="utf-8")
    refused(zhprep("extract-pinyin", "--score", tmp_path / "gold.tsv"), 3, "gold.tsv:2")
    (tmp_path / "bad.tsv").write_bytes(b"\xff\xfe\n")
    refused(zhprep("extract-pinyin", "--score", tmp_path / "bad.tsv"), 3, "bad.tsv", "UTF-8")


def test_one_file_keeps_a_table_of_words_too(sample_data, tmp_path):
    """And with several workers: the words are those of all batches."""
    corpus, table = tmp_path / "x.txt", tmp_path / "words.npz"
    corpus.write_text((sample_data / "corpus" / "news.txt").read_text("utf-8"), encoding="utf-8")
    arguments = (corpus, "--word-table", table, "--engine", "pypinyin", "--workers", 2, "--quiet")
    assert zhprep("extract-pinyin", *arguments, "-o", tmp_path / "cold.txt").code == 0
    kept = table.read_bytes()
    assert zhprep("extract-pinyin", *arguments, "-o", tmp_path / "warm.txt").code == 0
    assert (tmp_path / "warm.txt").read_bytes() == (tmp_path / "cold.txt").read_bytes()
    assert table.read_bytes() == kept
    table.unlink()
    piped = zhprep("extract-pinyin", *arguments)
    assert (piped.out, table.read_bytes()) == ((tmp_path / "cold.txt").read_bytes(), kept)


def test_a_table_of_words_changes_nothing_but_speed(sample_data, tmp_path):
    table = tmp_path / "words.npz"
    reports = []
    for name in ("cold", "warm"):
        arguments = (sample_data / "corpus", "-o", tmp_path / name, "--engine", "pypinyin", "--word-table", table)
        result = zhprep("extract-pinyin", *arguments, "--json", "--quiet", "--workers", 1)
        assert (result.code, result.err) == (0, "")
        assert table.stat().st_size > 1000
        reports.append((result.report["content_sha256"], table.read_bytes()))
    assert reports[0] == reports[1]


def test_tones_of_the_dictionary_or_of_speech(tmp_path):
    (tmp_path / "in.txt").write_text("这不是一天。\n", encoding="utf-8")
    plain = zhprep("extract-pinyin", tmp_path / "in.txt", "--quiet").out.decode().split()
    spoken = zhprep("extract-pinyin", tmp_path / "in.txt", "--sandhi", "--quiet").out.decode().split()
    assert plain == ["zhe4", "bu4", "shi4", "yi1", "tian1", "。"]
    assert spoken == ["zhe4", "bu2", "shi4", "yi4", "tian1", "。"]


def test_characters_without_a_reading_are_counted(tmp_path):
    (tmp_path / "in.txt").write_text("兙和𠮷，好。\n", encoding="utf-8")
    result = zhprep("extract-pinyin", tmp_path / "in.txt", "-o", tmp_path / "out.jsonl", "--json", "--quiet")
    assert (result.report["unread_characters"], result.report["syllables"]) == (2, 2)
