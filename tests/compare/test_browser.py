"""The report as a browser shows it: nothing fetched, nothing amiss, plots and Chinese to be seen, wide and narrow, light
and dark."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from chromium import Chromium

from zhprep.compare.comparison import compare
from zhprep.compare.runs import Entrant
from zhprep.compare.write import write_comparison
from zhprep.core.shards import add_files

WIDTHS = {"desktop": 1280, "phone": 390}


@pytest.fixture(scope="module")
def page(compared, tmp_path_factory):
    """A report of three runs whose steps took a second and a half each: plots do not depend on how busy the machine is.
    Their layers were probed."""
    folder, entrants = tmp_path_factory.mktemp("page"), []
    for name, variant in {"wwm-s0": "整词", "wwm-s1": "整词", "char": "字"}.items():
        run = shutil.copytree(compared / name, folder / name, ignore=shutil.ignore_patterns("step-*"))
        lines = [json.loads(line) for line in (run / "log.jsonl").read_text("utf-8").splitlines()]
        timed = [json.dumps(line | {"seconds": 1.5 * line["step"]}) for line in lines]
        (run / "log.jsonl").write_text("\n".join(timed) + "\n", "utf-8")
        scores = json.loads((run / "scores.json").read_bytes())
        task = scores["tasks"]["meals"]
        accuracy = task["accuracy"]
        layers = {f"layer_{n}": {"accuracy": {**accuracy, "mean": (n + len(name)) / 9}} for n in range(4)}
        scores["tasks"]["meals (probe=True)"] = {**task, "probe": layers}
        (run / "scores.json").write_text(json.dumps(scores), "utf-8")
        add_files(run, ["log.jsonl", "scores.json"])
        entrants.append(Entrant(run, variant))
    return write_comparison(compare(entrants), folder / "report.html")[0]


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
CUT = """[...document.querySelectorAll('svg')].flatMap(svg => {
    const frame = svg.getBoundingClientRect();
    return [...svg.querySelectorAll('text')].filter(text => {
        const box = text.getBoundingClientRect();
        return box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1})
        .map(text => text.textContent)})"""
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
    assert len(boxes) >= 3
    assert browser.evaluate("document.body.innerText.includes('What is learnt where')")
    for width, *lines in boxes:
        assert (width > 250, len(lines)) == (True, 3)
        assert min(lines) > 0.4 * width, boxes
    ground, *contrasts = browser.evaluate(COLOURS)
    assert ground < 60 if dark else ground > 200
    assert min(contrasts) > 70
    assert browser.evaluate("document.documentElement.scrollWidth") <= WIDTHS[device]
    assert browser.evaluate(OUTSIDE) == []
    assert browser.evaluate(CUT) == []
    assert browser.evaluate(OVERLAPS) == []


MARK = """[...document.querySelectorAll('body *:not(title)')].filter(one => [...one.childNodes].some(node =>
    node.nodeType == 3 && /[\\u4e00-\\u9fff]/.test(node.textContent))).map(one => one.setAttribute('data-chinese', '')).length"""
INSTALLED = ("CJK", "Sans SC", "Sans GB", "YaHei", "WenQuanYi")


def test_chinese_has_its_glyphs_in_the_page_wherever_it_stands(page, browser):
    """Not only that the font is loaded: a font that is passed over somewhere leaves boxes there."""
    browser.open(page, width=1280, dark=False)
    marked = browser.evaluate(MARK)
    browser("DOM.enable")
    browser("CSS.enable")
    root = browser("DOM.getDocument")["root"]["nodeId"]
    nodes = browser("DOM.querySelectorAll", nodeId=root, selector="[data-chinese]")["nodeIds"]
    assert len(nodes) == marked > 30
    for node in nodes:
        used = browser("CSS.getPlatformFontsForNode", nodeId=node)["fonts"]
        names = [font["familyName"] for font in used]
        assert any(font["isCustomFont"] for font in used) or any(name in str(names) for name in INSTALLED), (
            names,
            browser("DOM.getOuterHTML", nodeId=node),
        )
