"""The report as a browser shows it: nothing fetched, nothing amiss, plots and Chinese to be seen, wide and narrow, light
and dark."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from chromium import Chromium

from zhprep.compare.comparison import compare
from zhprep.compare.write import write_comparison

WIDTHS = {"desktop": 1280, "phone": 390}


@pytest.fixture(scope="module")
def page(compared, tmp_path_factory):
    found = compare([compared / name for name in ("wwm-s0", "wwm-s1", "char")])
    return write_comparison(found, tmp_path_factory.mktemp("page") / "report.html")[0]


@pytest.fixture(scope="module")
def browser():
    with Chromium() as browser:
        yield browser


BOXES = """[...document.querySelectorAll('svg')].map(svg => [svg.getBoundingClientRect().width,
    ...[...svg.querySelectorAll('polyline')].map(line => line.getBoundingClientRect().width)])"""
COLOURS = """(() => {const bright = colour => {
        const [r, g, b] = colour.match(/[0-9.]+/g).map(Number); return 0.2126 * r + 0.7152 * g + 0.0722 * b};
    const ground = bright(getComputedStyle(document.body).backgroundColor);
    return [ground, ...[...document.querySelectorAll('p, td, th, li, h1, small, svg text, polyline')].map(one => {
        const style = getComputedStyle(one);
        const seen = one.tagName == 'polyline' ? style.stroke : one.tagName == 'text' ? style.fill : style.color;
        return Math.abs(bright(seen) - ground)})]})()"""
OUTSIDE = """[...document.querySelectorAll('h1, h2, p, li, svg, .instance, .scroll, ruby')]
    .filter(one => one.getBoundingClientRect().right > innerWidth + 1).map(one => one.outerHTML.slice(0, 80))"""
OVERLAPS = """[...document.querySelectorAll('svg')].flatMap(svg => {
    const texts = [...svg.querySelectorAll('text')], boxes = texts.map(text => text.getBoundingClientRect());
    return boxes.flatMap((a, i) => boxes.slice(i + 1).filter(b =>
        a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 2 && b.top < a.bottom - 2)
        .map(() => texts[i].textContent))})"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("device", WIDTHS)
def test_the_report_in_a_browser(page, browser, device, dark):
    browser.open(page, width=WIDTHS[device], dark=dark)
    if folder := os.environ.get("ZHPREP_PICTURES"):  # to look at by eye
        browser.picture(Path(folder) / f"{device}-{'dark' if dark else 'light'}.png")
    asked = [event["request"]["url"] for event in browser.heard("Network.requestWillBeSent")]
    assert [url for url in asked if not url.startswith("data:font/otf")] == [page.resolve().as_uri()]
    assert browser.heard("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled") == []
    boxes = browser.evaluate(BOXES)
    assert len(boxes) >= 2
    for width, *lines in boxes:
        assert (width > 250, len(lines)) == (True, 3)
        assert min(lines) > 0.4 * width, boxes
    ground, *contrasts = browser.evaluate(COLOURS)
    assert ground < 60 if dark else ground > 200
    assert min(contrasts) > 70
    assert browser.evaluate("document.documentElement.scrollWidth") <= WIDTHS[device]
    assert browser.evaluate(OUTSIDE) == []
    assert browser.evaluate(OVERLAPS) == []


def test_chinese_has_its_glyphs_in_the_page(page, browser):
    browser.open(page, width=1280, dark=False)
    fonts = "[...document.fonts].map(font => [font.family, font.status])"
    assert ["zhprep", "loaded"] in browser.evaluate(fonts)
    root = browser("DOM.getDocument")["root"]["nodeId"]
    browser("CSS.enable")
    node = browser("DOM.querySelector", nodeId=root, selector=".instance .word")["nodeId"]
    used = browser("CSS.getPlatformFontsForNode", nodeId=node)["fonts"]
    assert sum(font["glyphCount"] for font in used) > 0
    assert {font["familyName"] for font in used if font["isCustomFont"]} or "CJK" in str(used)
