"""The glyphs of a page's Chinese characters, inside the page."""

from __future__ import annotations

import base64
import io
import re
import sys

from fontTools.ttLib import TTFont

from zhprep.compare import Page
from zhprep.compare.fonts import font_css, needed

TEXT = "我们，喝茶。Latin ü – …“”㐀𬺰\U0010ffff\ue000"


def fonts(css):
    return [TTFont(io.BytesIO(base64.b64decode(data))) for data in re.findall(r"base64,([A-Za-z0-9+/=]+)\)", css)]


def test_chinese_is_needed_and_nothing_else():
    assert needed(TEXT) == set("我们，喝茶。㐀𬺰")
    assert needed("Latin ü – …") == set()
    assert font_css(set()) == ""


def test_the_fonts_have_just_the_characters_that_are_needed():
    css = font_css(needed(TEXT))
    have = [set(map(chr, font.getBestCmap())) for font in fonts(css)]
    assert set().union(*have) == needed(TEXT) - {"𬺰"}  # which no typeface that travels with zhprep has
    assert sum(map(len, have)) == len(needed(TEXT)) - 1
    said = [set(part.split(",")) for part in re.findall(r"unicode-range:([^}]+)}", css)]
    assert said == [{f"U+{ord(character):X}" for character in part} for part in have]
    assert all(font["name"].getDebugName(0) for font in fonts(css))  # the copyright goes with them
    assert len(css) < 12_000


def test_the_same_characters_give_the_same_bytes():
    assert font_css(set("茶喝们我")) == font_css(set("我们喝茶"))


def test_a_page_without_chinese_has_no_font():
    page = Page("Title")
    page.text("Latin ü – …")
    assert "@font-face" not in page.render()


def test_a_page_made_without_fonttools_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "fontTools", None)  # as where it is not installed
    page = Page("标题")
    assert "@font-face" not in page.render()
    assert "pip install fonttools" in page.render()
