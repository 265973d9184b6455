"""What each step does, beside the library it stands in for where there is one."""

from __future__ import annotations

import html
import importlib
import sys
import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhprep.core import schema
from zhprep.core.errors import UsageError
from zhprep.core.report import Account
from zhprep.normalize import NormalizeConfig, build
from zhprep.normalize.config import OPENCC_MODES
from zhprep.normalize.steps.emoji import sequence

unicode_form = importlib.import_module("zhprep.normalize.steps.unicode_form")  # the name in the package is the step

LETTERS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=30)


def after(lines: list[str], *steps: str, account: Account | None = None, **options: object) -> list[str]:
    """Return what is left of ``lines`` of one document after ``steps`` without splitting."""
    config = NormalizeConfig(steps=steps, split=False, **options)
    batch = pa.RecordBatch.from_arrays([pa.array(["d"]), pa.array([lines], pa.list_(pa.string()))], schema=schema.TEXT)
    rows = build(config)(batch, account if account is not None else Account())["sentences"].to_pylist()
    return rows[0] if rows else []


def test_every_reason_counts_what_it_says():
    account = Account()
    line = "\ufeffa\0\0b\x01c\x85d\u200be\u200ff\ue000\ue001g\ufffeh&lt;iＡ，　j  k\t你 好e\u0301"
    config = NormalizeConfig(split=False)
    column = pa.array([[line, ""]], pa.list_(pa.string()))
    batch = pa.RecordBatch.from_arrays([pa.array(["d"]), column], schema=schema.TEXT)
    result = build(config)(batch, account)
    assert result["sentences"].to_pylist() == [["abc", "defgh<iA， j k 你好é"]]
    assert account.as_dict() == {
        "counts": {"characters": len(line), "characters_out": 20, "sentences": 2, "sentences_in": 2},
        "dropped": {
            "characters.bidi": 1,
            "characters.bom": 1,
            "characters.control": 1,
            "characters.html_entities": 3,
            "characters.line_separators": 1,
            "characters.noncharacters": 1,
            "characters.nul": 2,
            "characters.private_use": 2,
            "characters.unicode_form": 1,
            "characters.whitespace": 2,
            "characters.zero_width": 1,
            "sentences.empty": 1,
        },
        "changed": {
            "characters.html_entities": 1,
            "characters.unicode_form": 1,
            "characters.whitespace": 1,
            "characters.width": 2,
        },
        "inserted": {"sentences.split": 1},
        "seen": {"lines_looked_at": 1},
    }


def test_the_order_in_which_steps_are_named_does_not_matter():
    line = "ｅ\u200b&#769; 你 好"
    names = ("whitespace", "html-entities", "unicode-form", "width", "zero-width")
    assert after([line], *names) == after([line], *reversed(names)) == ["é 你好"]


@given(LETTERS)
def test_nfc_is_what_unicodedata_says(text):
    assert "".join(after([text], "unicode-form")) == unicodedata.normalize("NFC", text)


@given(LETTERS)
def test_nfkc_is_what_unicodedata_says_but_for_punctuation(text):
    plain = "".join(char for char in text if not unicode_form._kept(char))
    assert "".join(after([plain], "unicode-form", unicode_form="nfkc")) == unicodedata.normalize("NFKC", plain)


def test_nfkc_leaves_every_punctuation_mark():
    marks = [chr(code) for code in range(0x80, 0x30000) if unicodedata.category(chr(code))[0] == "P"]
    stable = [mark for mark in marks if unicodedata.normalize("NFC", mark) == mark]
    assert after(stable, "unicode-form", unicode_form="nfkc") == stable
    assert {*"，。？！：；（）“”‘’…—《》·"} <= set(stable)


def test_no_character_that_joins_the_one_before_it_is_taken_for_inert():
    joining = set()
    for code in range(sys.maxunicode + 1):
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            joining.add(chr(int(parts[1], 16)))
        if unicodedata.combining(chr(code)):
            joining.add(chr(code))
    assert len(joining) > 700
    assert [char for char in sorted(joining) if unicode_form._inert(char, "nfc")] == []


def test_characters_left_out_of_the_search_have_one_form():
    table = np.arange(sys.maxunicode + 1, dtype=np.uint32)
    doubtful = set(unicode_form._doubtful(table))
    for code in set(range(sys.maxunicode + 1)) - doubtful - set(range(0xD800, 0xE000)):
        for form in ("NFC", "NFKC"):
            assert unicodedata.is_normalized(form, chr(code)), hex(code)
            assert not unicodedata.combining(chr(code)), hex(code)


@pytest.mark.parametrize(
    ("width", "expected"),
    [("letters-digits", "Az09 ，。！～％"), ("all", "Az09 ,。!~%"), ("none", "Ａｚ０９\u3000，。！～％")],
)
def test_width(width, expected):
    assert after(["Ａｚ０９\u3000，。！～％"], "width", width=width) == [expected]


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="&")))
def test_text_without_ampersands_has_no_entities(text):
    assert "\n".join(after([text], "html-entities")) == "\n".join(line for line in text.split("\n") if line)


@pytest.mark.parametrize(
    "entity", ["&lt;", "&eacute;", "&#20013;", "&#x4E2D;", "&NotEqualTilde;", "&#128;", "&hellip;"]
)
def test_entities_are_what_html_says(entity):
    assert after([f"你{entity}好"], "html-entities") == [f"你{html.unescape(entity)}好"]


@pytest.mark.parametrize(
    "text", ["&lt", "&LT", "& lt;", "&foo;", "&#;", "&#x;", "&#xD800;", "&#1114112;", "AT&T;", "a;&b"]
)
def test_what_is_no_entity_stays(text):
    assert after([text], "html-entities") == [text]


@pytest.mark.parametrize(
    ("entity", "expected"),
    [
        ("&nbsp;", " "),
        ("&#10;", " "),
        ("&Tab;", " "),
        ("&ZeroWidthSpace;", ""),
        ("&shy;", ""),
        ("&rlm;", ""),
        ("&#1;", ""),
    ],
)
def test_entities_for_what_cannot_be_seen(entity, expected):
    assert after([f"a{entity}b"], "html-entities") == [f"a{expected}b"]


@pytest.mark.parametrize(
    "emoji",
    [
        "😀", "👍🏽", "👨\u200d👩\u200d👧\u200d👦", "🏳\ufe0f\u200d🌈", "❤\ufe0f", "❤\u200d🔥", "1\ufe0f\u20e3",
        "#\u20e3", "🇨🇳", "👁\ufe0f\u200d🗨\ufe0f", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    ],
)  # fmt: skip
def test_an_emoji_is_one_sequence(emoji):
    assert sequence().fullmatch(emoji)
    account = Account()
    assert after([f"好{emoji}吃"], "zero-width", "emoji", emoji="placeholder", account=account) == ["好[EMOJI]吃"]
    assert account.changed["characters.emoji"] == 1
    assert after([f"好{emoji}吃"], "zero-width", "emoji") == [f"好{emoji}吃"]


@pytest.mark.parametrize("text", ["★☆©®™", "1#*", "①②", "♂♀", "→←", "㊗㊙", "〰"])
def test_symbols_are_not_emoji_without_a_selector(text):
    assert after([text], "emoji", emoji="strip") == [text]


@pytest.mark.parametrize("placeholder", ["", " ", "😀", "&lt;", "好。吗", "Ａ", "\u200b"])
def test_a_placeholder_must_be_stable(placeholder):
    with pytest.raises(UsageError, match="emoji_placeholder"):
        build(NormalizeConfig(emoji="placeholder", emoji_placeholder=placeholder))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("你 好", "你好"),
        ("你好 world", "你好 world"),
        ("hello   world", "hello world"),
        ("他说 “你好” 。", "他说“你好”。"),
        ("say “hello” now", "say “hello” now"),
        ("２０２４ 年", "２０２４ 年"),
        ("ㄅ ㄆ", "ㄅㄆ"),
        ("東京 とうきょう", "東京 とうきょう"),
        ("한국 사람", "한국 사람"),
        (" \t\u3000a\u00a0\u2003b ", "a b"),
    ],
)
def test_whitespace(line, expected):
    assert after([line], "whitespace") == [expected]


def test_conversion_with_opencc():
    opencc = pytest.importorskip("opencc")
    lines = ["我用鼠标和软件。", "头发发展，皇后在后面。", "hello 😀 world"]
    for mode in OPENCC_MODES:
        assert after(lines, "variants", variants=mode) == [opencc.OpenCC(mode).convert(line) for line in lines]


def test_conversion_counts_what_it_does():
    pytest.importorskip("opencc")
    account = Account()
    assert after(["打印机", "你好", "软件打印"], "variants", variants="s2twp", account=account) == [
        "印表機",
        "你好",
        "軟體列印",
    ]
    assert account.changed == {"sentences.variants": 2}
    before = "内存和鼠标、博客、字节"
    account = Account()
    (result,) = after([before], "variants", variants="s2twp", account=account)
    assert len(result) != len(before)
    gained, lost = account.inserted["characters.variants"], account.dropped["characters.variants"]
    assert len(before) + gained - lost == len(result)


def test_conversion_keeps_sentences_apart():
    pytest.importorskip("opencc")
    config = NormalizeConfig(variants="t2s")
    documents = [["漢字。", "發展\u2028頭髮"], [""], ["後面。皇后。"]]
    batch = pa.RecordBatch.from_arrays([pa.array(list("abc")), pa.array(documents)], schema=schema.TEXT)
    result = build(config)(batch, Account())
    assert result["sentences"].to_pylist() == [["汉字。", "发展", "头发"], ["后面。", "皇后。"]]


def test_without_opencc_the_hint_says_how_to_get_it(monkeypatch):
    importlib.import_module("zhprep.normalize.steps.variants")._converter.cache_clear()
    monkeypatch.setitem(sys.modules, "opencc", None)
    with pytest.raises(UsageError, match="opencc") as error:
        after(["漢字"], "variants", variants="t2s")
    assert "pip install" in error.value.hint
