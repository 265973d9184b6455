"""``zhprep inspect``."""

from __future__ import annotations

import re

import pypinyin
import pytest
from command_line import made_by, refused, zhprep

from zhprep.cli.ruby import columns


def test_instances_are_shown_with_what_was_masked(data):
    result = zhprep("inspect", data, "--rows", 3)
    assert (result.code, result.err) == (0, "")
    shown = [line for line in result.out.decode().splitlines() if line.startswith("[CLS]")]
    assert len(shown) == 3
    assert all("[SEP]" in line for line in shown)
    assert re.search(r"\[MASK\]\(\S+\)", result.out.decode())
    assert "\x1b[" not in result.out.decode()
    assert "\x1b[34m" in zhprep("inspect", data, "--color").out.decode()


def test_another_epoch_has_other_masks(data):
    assert zhprep("inspect", data).out == zhprep("inspect", data).out != zhprep("inspect", data, "--epoch", 1).out


def test_json_is_the_figures(data, vocab, run):
    assert zhprep("inspect", data, "--json").report["instances"] > 100
    assert zhprep("inspect", vocab, "--json").report["type"] == "wordpiece"
    assert zhprep("inspect", run, "--json").report["steps"] == 3


@pytest.mark.parametrize("static", ["--static", "--dynamic"])
@pytest.mark.parametrize("names", ["infill,permute", "delete", "prefix"])
def test_corrupted_instances_are_sources_and_targets(names, static, sample_data, vocab, tmp_path):
    inputs = (sample_data / "corpus" / "news.txt", "--vocab", vocab, "--format", "full-sentences", "--max-length", 64)
    data = made_by("make-instances", *inputs, "--corruption", names, static, output=tmp_path / "data")
    result = zhprep("inspect", data, "--rows", 2, "--statistics")
    assert (result.code, result.err) == (0, "")
    lines = result.out.decode().splitlines()
    sources, targets = lines[0:4:2], lines[1:4:2]
    assert all(line.startswith("[CLS] ") for line in sources)
    assert all(line.startswith("  → ") and line.endswith(" [SEP]") for line in targets)
    assert ("[MASK]" in sources[0]) == (names == "infill,permute")
    assert ("prefix_length=" in sources[0]) == (names == "prefix")
    assert any(line.startswith("statistics") and "changed share" in line for line in lines)
    assert zhprep("inspect", data, "--html", tmp_path / "page.html").code == 0
    page = (tmp_path / "page.html").read_text("utf-8")
    assert 'class="target"' in page
    assert f"corruption {names.replace(',', ', ')}" in page


def test_a_page(data, tmp_path):
    assert zhprep("inspect", data, "--html", tmp_path / "page.html").code == 0
    assert (tmp_path / "page.html").read_text("utf-8").startswith("<!doctype html>")


def test_documents(sample_data, tmp_path):
    assert zhprep("segment", sample_data / "corpus" / "news.txt", "-o", tmp_path / "words", "--quiet").code == 0
    lines = zhprep("inspect", tmp_path / "words", "--rows", 1).out.decode().splitlines()
    assert lines[0] == "# news.txt:1"
    assert " " in lines[1]


def test_what_is_wrong(data, vocab, tmp_path):
    refused(zhprep("inspect", data.parent / "daat"), 2, "no such file or folder", str(data))
    refused(zhprep("inspect", tmp_path), 3, "has no tokenizer.json")
    refused(zhprep("inspect", vocab / ".counts"), 2, "holds a table of counts", "above it")


@pytest.fixture(scope="module")
def with_pinyin(sample_data, vocab, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pinyin")
    pinyin = made_by("extract-pinyin", sample_data / "corpus" / "news.txt", output=folder / "pinyin")
    return made_by("make-instances", pinyin, "--vocab", vocab, "--max-length", 64, output=folder / "data")


def test_pinyin_stands_above_the_characters(with_pinyin, monkeypatch):
    monkeypatch.setenv("COLUMNS", "90")
    lines = zhprep("inspect", with_pinyin, "--rows", 2, "--no-color").out.decode().splitlines()
    assert max(map(columns, lines[:20])) <= 90
    above, below = lines[:2]
    names = [(match.start(), match[0]) for match in re.finditer(r"\S+", above)]
    assert len(names) > 5
    for place, name in names:
        at, token = 0, ""
        for token in below.split(" "):
            if at == place:
                break
            at += columns(token) + 1
        assert at == place, (name, above, below)
        token = token.partition("(")[0]
        style = pypinyin.Style.TONE3
        assert name in pypinyin.pinyin(token, style=style, heteronym=True, neutral_tone_with_five=True)[0]
    assert not any(re.search(r"\d\s+\[MASK\]", line) for line in lines)
    colored = zhprep("inspect", with_pinyin, "--rows", 2, "--color").out.decode()
    assert re.sub("\x1b\\[[0-9;]*m", "", colored).splitlines() == lines


def test_pinyin_on_a_page(with_pinyin, tmp_path):
    assert zhprep("inspect", with_pinyin, "--html", tmp_path / "page.html").code == 0
    page = (tmp_path / "page.html").read_text("utf-8")
    assert len(re.findall(r'<ruby class="pinyin">.<rt>[a-z]+[1-5]</rt></ruby>', page)) > 50
    assert not re.search(r"<rt>[a-z]*[1-5]</rt></ruby>\[MASK\]|MASK\]<rt>[a-z]+[1-5]", page)
