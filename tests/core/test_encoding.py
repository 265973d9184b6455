"""Encodings are told apart on strings encoded here and on real files."""

from __future__ import annotations

import codecs

import pytest

from zhprep.core.encoding import detect

SIMPLIFIED = "记者从会议上了解到，今年以来，我国经济运行总体平稳。专家表示：“下一步要继续深化改革。”"
TRADITIONAL = "記者從會議上了解到，今年以來，經濟運行總體平穩。專家表示：「下一步要繼續深化改革。」"
MIXED = "Python 是一种语言，version 3.11 发布了。"


@pytest.mark.parametrize(
    ("text", "codec", "expected"),
    [
        (SIMPLIFIED, "utf-8", "utf-8"),
        (TRADITIONAL, "utf-8", "utf-8"),
        (SIMPLIFIED, "utf-8-sig", "utf-8-sig"),
        (SIMPLIFIED, "utf-16", "utf-16"),
        (SIMPLIFIED, "gb18030", "gb18030"),
        (SIMPLIFIED, "gbk", "gb18030"),
        (TRADITIONAL, "gbk", "gb18030"),
        (TRADITIONAL, "big5", "big5hkscs"),
        (TRADITIONAL, "cp950", "big5hkscs"),
        (MIXED, "gb18030", "gb18030"),
        ("天氣好", "big5", "big5hkscs"),
        ("联通", "gbk", "gb18030"),
        ("𠮷野家和㐂，今天天气好", "gb18030", "gb18030"),
        ("plain ASCII", "ascii", "utf-8"),
        ("café", "utf-8", "utf-8"),
        ("", "ascii", "utf-8"),
    ],
)
def test_detect(text, codec, expected):
    data = text.encode(codec)
    assert detect(data) == expected
    assert data.decode(detect(data)) == text


def test_big_endian_utf16_is_told_by_its_mark():
    data = codecs.BOM_UTF16_BE + SIMPLIFIED.encode("utf-16-be")
    assert detect(data) == "utf-16"
    assert data.decode("utf-16") == SIMPLIFIED


@pytest.mark.parametrize(
    ("text", "codec"), [(SIMPLIFIED, "utf-8"), (SIMPLIFIED, "gb18030"), (TRADITIONAL, "big5hkscs")]
)
def test_a_sample_may_end_inside_a_character(text, codec):
    data = text.encode(codec)
    assert {detect(data[:end]) for end in range(len(data) // 2, len(data))} == {codec}


def test_a_few_bad_bytes_do_not_make_utf8_something_else():
    data = SIMPLIFIED.encode() * 3
    assert detect(data[:30] + b"\xff" + data[30:]) == "utf-8"


def test_real_files(shared_data):
    files = sorted((shared_data / "gbk").glob("*.txt"))
    assert files
    for file in files:
        assert detect(file.read_bytes()) == "gb18030", file.name


def test_real_text_in_every_encoding(shared_data):
    simplified = (shared_data / "corpus" / "prose_lctt_tech_articles.txt").read_text(encoding="utf-8")[:20000]
    traditional = (shared_data / "corpus" / "traditional_wiki_drcd.txt").read_text(encoding="utf-8")[:20000]
    for text, codec in ((simplified, "gb18030"), (traditional, "big5hkscs"), (traditional, "gb18030")):
        for begin in range(0, len(text), 200):
            data = text[begin : begin + 200].encode(codec, "ignore")
            assert detect(data) == codec, text[begin : begin + 200]
