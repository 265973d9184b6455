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


def test_a_batch_is_shown_place_by_place(data):
    """What is masked has its token beside it; the labels of all rows are those of the tensor."""
    result = zhprep("inspect", data, "--batch", "--rows", 2)
    assert (result.code, result.err) == (0, "")
    lines = result.out.decode().splitlines()
    assert any(re.match(r"input_ids +int64 \[2, \d+\]", line) for line in lines)
    assert sum(line.startswith("row ") for line in lines) == 2
    places = [line.split() for line in lines if re.match(r"\d+ ", line)]
    first = next(cells for cells in places if cells[0] == "0")
    assert first[1] == "[CLS]"
    n_masked = int(re.search(r"masked_labels +int64 \[(\d+)\]", result.out.decode())[1])
    header = next(line for line in lines if "masked_labels" in line and "int64" not in line).split()
    assert sum(len(cells) == 1 + len(header) for cells in places) == n_masked > 0
    shown = zhprep("inspect", data, "--rows", 2).out.decode()
    said = [cells[-1] for cells in places if len(cells) == 1 + len(header)]
    assert all(f"({token})" in shown for token in said)


def test_bytes_are_shown_as_their_text(sample_data, tmp_path):
    corpus = sample_data / "corpus" / "news.txt"
    vocab = made_by("build-vocab", corpus, "--type", "bbpe", "--size", 1500, output=tmp_path / "vocab")
    inputs = (corpus, "--vocab", vocab, "--format", "full-sentences", "--max-length", 64)
    data = made_by("make-instances", *inputs, "--replacement", "shuffle", output=tmp_path / "data")
    for flags in ((), ("--batch",)):
        shown = zhprep("inspect", data, "--rows", 2, *flags).out.decode()
        assert "云" in shown
        assert "äº" not in shown
    assert re.search(r"\d+ +云 .* \d+ +\S+$", shown, re.M) or re.search(r" \d+ \S+$", shown, re.M)


@pytest.mark.parametrize("static", ["--static", "--dynamic"])
def test_a_batch_of_sources_and_targets(static, sample_data, vocab, tmp_path):
    inputs = (sample_data / "corpus" / "news.txt", "--vocab", vocab, "--format", "full-sentences", "--max-length", 64)
    data = made_by("make-instances", *inputs, "--corruption", "infill", static, output=tmp_path / "data")
    lines = zhprep("inspect", data, "--batch", "--rows", 1).out.decode().splitlines()
    assert "by token" in lines
    targets = lines[lines.index("by target token") + 2 :]
    assert targets[0].split()[0] == "0"
    assert any(line.split()[1:] == ["[SEP]"] for line in targets if line[:1].isdigit())


def test_a_batch_is_that_of_its_recipe(sample_data, vocab, tmp_path):
    """What is compared is no column of the data: the model of the recipe reads it."""
    inputs = (sample_data / "corpus" / "news.txt", "--vocab", vocab, "--max-length", 64)
    data = made_by("make-instances", *inputs, "--recipe", "infoword", output=tmp_path / "data")
    shown = zhprep("inspect", data, "--batch", "--rows", 1).out.decode()
    lines = shown.splitlines()
    places = [line.split() for line in lines[lines.index("by n-gram token") + 2 :] if re.match(r"\d+ ", line)]
    tokens = [cells[1] for cells in places]
    assert (tokens[0], tokens[-1]) == ("[CLS]", "[SEP]")
    header = next(line for line in lines if line.strip().startswith("input_ids ") and "int64" not in line).split()
    texts = [line.split()[1 + header.index("context_input_ids")] for line in lines if re.match(r"\d+ +\S+ +-?\d", line)]
    assert texts.count("[MASK]") == len(tokens) - 2 > 0
    whole = zhprep("inspect", data, "--batch", "--rows", 1, "--recipe", "simcse").out.decode()
    assert "whole_input_ids" in whole
    assert "masked_labels" not in whole  # nothing is hidden from who is not asked
    refused(zhprep("inspect", data, "--batch", "--recipe", "bart"), 2, "learns labels")
    assert "ngram" not in zhprep("inspect", data, "--batch", "--recipe", "bert-wwm").out.decode()


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
