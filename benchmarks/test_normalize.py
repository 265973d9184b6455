"""``normalize`` beside the usual loop over lines with unicodedata and regular expressions, on the same text.

Figures are million characters a second of processor time on one core, the best of several runs of each, by turns.
Two texts: prose as it is, which is nearly clean, and the same documents with each paragraph on one line, to be split.
"""

from __future__ import annotations

import html
import itertools
import os
import re
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from zhprep.core import schema
from zhprep.core.report import Account
from zhprep.normalize import NormalizeConfig, build

ROOT = Path(__file__).parent.parent
N_CHARACTERS = 1_000_000
N_RUNS = 5

INVISIBLE = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u200b\u2028\u2029\u2060-\u2064\u200e\u200f\u202a-\u202e\u2066-\u2069"
    "\ue000-\uf8ff\ufeff\ufff9-\uffff\U000f0000-\U0010ffff]"
)
WIDTH = {full: full - 0xFEE0 for full in range(0xFF01, 0xFF5F) if chr(full - 0xFEE0).isalnum()} | {0x3000: 0x20}
SPACES = re.compile(r"\s+")
HAN = "[\u2e80-\u303f\u3400-\u9fff\uf900-\ufaff\uff01-\uff65]"
BETWEEN = re.compile(f"(?<={HAN}) (?={HAN})")
ENDS = re.compile("(?:[。！？；…!?]+[”’」』》）】]*)")


def loop(lines: list[str], split: bool) -> list[str]:
    """Do what people do: every expression over every line."""
    clean = []
    for line in lines:
        line = unicodedata.normalize("NFC", html.unescape(line))
        line = INVISIBLE.sub("", line).translate(WIDTH)
        line = BETWEEN.sub("", SPACES.sub(" ", line)).strip()
        if split:
            starts = [0, *(match.end() for match in ENDS.finditer(line)), len(line)]
            clean += [line[a:b] for a, b in itertools.pairwise(starts) if a < b]
        elif line:
            clean.append(line)
    return clean


@pytest.fixture(scope="module")
def documents() -> list[list[str]]:
    """Return about a million characters of documents: real prose where it is at hand, else the bundled sample."""
    folder = Path(os.environ.get("ZHPREP_DATA", ROOT.parent / "shared" / "data")) / "corpus"
    files = sorted(folder.glob("prose_*.txt")) or sorted((ROOT / "sample_data" / "corpus").glob("*.txt"))
    texts = [file.read_text(encoding="utf-8") for file in files]
    share = N_CHARACTERS // len(texts)
    text = "\n\n".join((text * (share // len(text) + 1))[:share] for text in texts)
    return [document.split("\n") for document in text.split("\n\n") if document]


def best(function: Callable[[], object]) -> float:
    started = time.process_time()
    function()
    return time.process_time() - started


def compare(documents: list[list[str]], split: bool, what: str) -> float:
    names = pa.array([str(i) for i in range(len(documents))])
    batch = pa.RecordBatch.from_arrays([names, pa.array(documents, pa.list_(pa.string()))], schema=schema.TEXT)
    lines = [line for document in documents for line in document]
    n_characters = sum(map(len, lines))
    stage = build(NormalizeConfig(split=split))
    stage(batch, Account())  # builds its tables
    ours, theirs = [], []
    for _ in range(N_RUNS):
        ours.append(best(lambda: stage(batch, Account())))
        theirs.append(best(lambda: loop(lines, split)))
    speeds = [n_characters / min(seconds) / 1e6 for seconds in (ours, theirs)]
    print(f"\nnormalize {what:32} {speeds[0]:7.1f} M ch/s   unicodedata + re loop {speeds[1]:6.2f} M ch/s"
          f"   {speeds[0] / speeds[1]:5.1f}x")  # fmt: skip
    return speeds[0] / speeds[1]


def test_cleaning(documents):
    assert compare(documents, split=False, what="clean, one sentence a line") > 4


def test_cleaning_and_splitting(documents):
    paragraphs = [["".join(document)] for document in documents]
    assert compare(paragraphs, split=True, what="clean and split documents") > 2


def test_text_that_is_clean_already(documents):
    stage = build(NormalizeConfig())
    names = pa.array([str(i) for i in range(len(documents))])
    batch = pa.RecordBatch.from_arrays([names, pa.array(documents, pa.list_(pa.string()))], schema=schema.TEXT)
    clean = stage(batch, Account())["sentences"].to_pylist()
    assert compare(clean, split=False, what="text that is clean already") > 6
