"""Pages: one file, valid, everything escaped, nothing fetched."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser

import pytest
from command_line import zhprep

from zhprep.compare import Page
from zhprep.compare.instances import instance_html, instances_html
from zhprep.compare.page import table
from zhprep.compare.report import report_page
from zhprep.instances.inspect import Cell, Shown

EVIL = "<img src=x onerror=alert(1)>&amp;\"'"
VOID = {"meta", "br", "img", "link", "hr"}


class Checked(HTMLParser):
    """Raises where tags do not nest, and notes what would be fetched or run."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.fetched, self.texts = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == [], self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        self.fetched += [value for name, value in attrs if name in ("src", "href", "data", "action", "srcset")]
        self.fetched += [name for name, _ in attrs if name.startswith("on")]

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        self.texts.append(data)


def checked(text):
    page = Checked(text)
    assert page.fetched == []
    assert not {"script", "link", "iframe", "object", "img"} & set(page.tags)
    assert not re.search(r"https?://|@import|url\((?!data:font/otf;base64,[A-Za-z0-9+/=]+\))", text)
    return page


def test_everything_is_escaped():
    page = Page(EVIL, EVIL)
    page.heading(EVIL, EVIL)
    page.text(EVIL)
    page.tiles([(EVIL, EVIL, EVIL)])
    page.table([(EVIL, 1)], head=(EVIL, EVIL))
    page.beside(table([(EVIL,)]), "")
    page.figure("<svg/>", EVIL)
    page.fold(EVIL, EVIL)
    found = checked(page.render())
    assert sum(text == EVIL for text in found.texts) == 16


def test_numbers_stand_to_the_right():
    html = table(
        [("a", 1, "1,234", "5.00% ± 1.00%", True), ("b", 2.5, "7", "6.10%", False)], head=("n", "i", "s", "p", "t")
    )
    assert re.findall(r"<td( class=\"number\")?>", html) == ["", *3 * [' class="number"'], ""] * 2
    assert ">2.5<" in html


def test_a_text_among_numbers_may_break():
    html = table([("a", "12"), ("b", "many words that are long")], head=("n", "v"))
    assert re.findall(r"<td class=\"(\w+)\">", html) == ["number", "right"]


def test_numbers_are_readable():
    html = table([(1234567, 0.123456, 12345.678)])
    assert re.findall(r">([\d,.]+)<", html) == ["1,234,567", "0.1235", "12,346"]


def shown(*cells):
    return Shown([Cell(*cell) for cell in cells], {"next_sentence_label": 1})


def test_an_instance_shows_words_masks_and_labels():
    html = instance_html(
        shown(
            ("[CLS]", "", -1, 0, 0), ("我", "", 0, 0, 0), ("[MASK]", "喜", 1, 1, 0), ("欢", "欢", 1, 3, 0),
            ("[SEP]", "", -1, 0, 0), ("<b>", EVIL, 2, 2, 1),
        )
    )  # fmt: skip
    found = checked(html)
    assert "next_sentence_label 1: random" in found.texts
    words = re.findall(r'<span class="word">(.*?)</span>(?!<rt>)', html)
    assert len(words) == 3
    assert "<b>" in found.texts
    assert EVIL in found.texts
    assert re.findall(r'<ruby class="(\w+)">', html) == ["mask", "keep", "random"]


def test_the_legend_has_the_kinds_that_occur():
    html = instances_html([shown(("[MASK]", "喜", 0, 1, 0), ("欢", "欢", 1, 3, 0))])
    assert re.findall(r'<span class="tag (\w+)">', html) == ["mask", "keep"]


def test_every_kind_of_mask_has_a_style():
    from importlib import resources

    from zhprep.compare.instances import CLASSES
    from zhprep.instances.masks import KINDS

    style = resources.files("zhprep.compare").joinpath("page.css").read_text("utf-8")
    assert len(CLASSES) == len(KINDS)
    assert all(f".{name} {{" in style for name in CLASSES if name)


@pytest.fixture(scope="module")
def work(data, run, tmp_path_factory):
    """A folder as `zhprep run` leaves it, of the made instances and the made run."""
    folder = tmp_path_factory.mktemp("report") / "work"
    for name, part in (("data", data), ("run", run)):
        shutil.copytree(part, folder / name)
    assert zhprep("evaluate", folder / "run", "--data", folder / "data", "--threads", 1, "--quiet").code == 0
    return folder


def test_the_report_of_a_run(work):
    text = report_page(work, title=f"A <title> & 标题 {EVIL}", size="tiny")
    found = checked(text)
    assert text.startswith("<!doctype html>")
    assert f"A <title> & 标题 {EVIL}" in found.texts
    headings = re.findall(r"<h2>(.*?)</h2>", text)
    assert headings == ["Scores", "Training", "Corpus", "Vocabulary", "Masks", "Instances", "To make it again"]
    assert found.tags.count("svg") == 4
    assert text.count('class="instance"') == 6
    assert "47,419" in found.texts
    assert len(text) < 200_000


def test_the_report_is_the_same_every_time(work):
    assert report_page(work, title="t", size="tiny") == report_page(work, title="t", size="tiny")


def test_losses_that_are_not_finite_leave_a_report(work, tmp_path):
    folder = shutil.copytree(work, tmp_path / "work")
    log = folder / "run" / "log.jsonl"
    log.write_text(re.sub(r'"mlm": [\d.]+', '"mlm": NaN', log.read_text("utf-8")), encoding="utf-8")
    assert checked(report_page(folder, title="t", size="tiny"))
