"""Real prose, wrapped as programs wrap it: which borders go and which stay, and how many sentences come back.

``pytest tests/normalize/test_unwrap_corpora.py -s`` prints the figures of the guide.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections import Counter
from itertools import accumulate

import pyarrow as pa
import pytest

from zhprep.core import schema
from zhprep.core.report import Account
from zhprep.normalize import NormalizeConfig, build

CORPORA = (
    "prose_public_domain_fiction",
    "prose_laws_zh_cn",
    "prose_lctt_tech_articles",
    "traditional_wiki_drcd",
)
N_CHARACTERS = 100_000
NOT_FIRST = frozenset("，。、；：？！）》」』】〕］｝〉”’…—·,.;:?!)]}%％")
NOT_LAST = "（《「『【〔［｛〈“‘([{"
UNIT = re.compile(rf"[{re.escape(NOT_LAST)}]*(?:[!-~]+|.)")


def columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" or c in "“”‘’…—·" else 1 for c in text)


def units(text: str, by: str) -> list[str]:
    """Return what a line cannot be broken within: a word or a character with its punctuation, or any character."""
    if by == "characters":
        return list(text)
    found: list[str] = []
    for unit in UNIT.findall(text):
        if found and unit[0] in NOT_FIRST and not found[-1].isspace():
            found[-1] += unit
        else:
            found.append(unit)
    return found


def wrap(paragraph: str, width: int, by: str) -> list[str]:
    """Fill lines of ``width`` columns with whole words, or of half as many characters, broken anywhere."""
    size = columns if by == "columns" else len
    room = width if by == "columns" else width // 2
    lines, line = [], ""
    for unit in units(paragraph, by):
        if line.strip() and size(line + unit) > room:
            lines.append(line.rstrip(" "))
            line = ""
            if unit == " ":
                continue
        line += unit
    return [*lines, line] if line.strip() else lines


def paragraphs_of(path) -> list[list[str]]:
    """Return documents as paragraphs of one to four of their sentences."""
    chance = random.Random(1)
    documents = []
    for document in path.read_text(encoding="utf-8")[:N_CHARACTERS].split("\n\n"):
        lines = [line for line in document.split("\n") if line.strip()]
        paragraphs = []
        while lines:
            n = chance.randint(1, 4)
            paragraphs.append("".join(lines[:n]))
            lines = lines[n:]
        if paragraphs:
            documents.append(paragraphs)
    return documents


def normalized(documents: list[list[str]], **settings: object) -> list[list[str]]:
    columns_ = [pa.array([str(i) for i in range(len(documents))]), pa.array(documents, pa.list_(pa.string()))]
    batch = pa.RecordBatch.from_arrays(columns_, schema=schema.TEXT)
    return build(NormalizeConfig(**settings))(batch, Account())["sentences"].to_pylist()


def borders(lines: list[str]) -> set[int]:
    """Return after how many characters that are not white space the lines end."""
    return set(accumulate(len("".join(line.split())) for line in lines[:-1]))


def recovered(found: list[list[str]], wanted: list[list[str]]) -> float:
    """Return the share of the wanted sentences that are found, document by document."""
    both = sum((Counter(a) & Counter(b)).total() for a, b in zip(found, wanted, strict=True))
    return both / sum(map(len, wanted))


@pytest.mark.parametrize("width", [30, 40, 60, 80])
@pytest.mark.parametrize("by", ["columns", "characters"])
@pytest.mark.parametrize("indent", ["\u3000\u3000", ""], ids=["indented", "plain"])
@pytest.mark.parametrize("name", CORPORA)
def test_prose_comes_back(name, indent, by, width, shared_data):
    whole = [[indent + p for p in document] for document in paragraphs_of(shared_data / "corpus" / f"{name}.txt")]
    wrapped = [[line for p in document for line in wrap(p, width, by)] for document in whole]
    joined = normalized(wrapped, unwrap=True, steps=(), split=False)
    broken = kept = right = wrong = 0
    for lines, found, wanted in zip(wrapped, joined, whole, strict=True):
        to_join = borders(lines) - borders(wanted)
        gone = borders(lines) - borders(found)
        broken, right, wrong = broken + len(to_join), right + len(gone & to_join), wrong + len(gone - to_join)
        kept += len(borders(wanted))
    sentences = normalized(whole)
    before = recovered(normalized(wrapped), sentences)
    after = recovered(normalized(wrapped, unwrap=True), sentences)
    print(
        f"{name} {width} {by} {'indented' if indent else 'plain'}: {right / broken:.2%} of {broken:,} breaks joined, "
        f"{wrong / kept:.2%} of {kept:,} borders of paragraphs lost, sentences whole {before:.1%} -> {after:.1%}"
    )
    assert right > (0.97 if indent else 0.93) * broken
    assert wrong <= (0.001 if indent else 0.04) * kept
    assert after > (0.93 if indent else 0.86) > before
