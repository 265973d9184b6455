"""``normalize`` beside the usual loop over lines with unicodedata and regular expressions, on the same text.

Figures are million characters a second of processor time on one core, the best of several runs of each, by turns.
The loop does less: it counts nothing, keeps no emoji together and knows no dialogue.
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


def seconds(function: Callable[[], object]) -> float:
    started = time.process_time()
    function()
    return time.process_time() - started


def batches(documents: list[list[str]]) -> list[pa.RecordBatch]:
    """Return the documents in batches of about the size that the reader makes, 1 MiB."""
    made: list[pa.RecordBatch] = []
    waiting: list[list[str]] = []
    n_waiting = 0
    for document in documents:
        waiting.append(document)
        n_waiting += sum(map(len, document)) * 3
        if n_waiting >= 1 << 20 or document is documents[-1]:
            columns = [pa.array([str(i) for i in range(len(waiting))]), pa.array(waiting, pa.list_(pa.string()))]
            made.append(pa.RecordBatch.from_arrays(columns, schema=schema.TEXT))
            waiting, n_waiting = [], 0
    return made


def compare(documents: list[list[str]], split: bool, what: str) -> float:
    """Print the speed of both, and return their ratio."""
    stage = build(NormalizeConfig(split=split))
    given = batches(documents)
    lines = [line for document in documents for line in document]
    stage(given[0], Account())  # builds its tables
    ours, theirs = [], []
    for _ in range(N_RUNS):
        ours.append(seconds(lambda: [stage(batch, Account()) for batch in given]))
        theirs.append(seconds(lambda: loop(lines, split)))
    n_characters = sum(map(len, lines))
    speed, other = n_characters / min(ours) / 1e6, n_characters / min(theirs) / 1e6
    print(
        f"\nnormalize: {what:30} {speed:6.1f} M ch/s    unicodedata + re {other:6.1f} M ch/s    {speed / other:4.1f}x"
    )
    return speed / other


def test_cleaning(documents):
    assert compare(documents, split=False, what="clean") > 3.5


def test_cleaning_and_splitting(documents):
    whole = [["".join(document)] for document in documents]
    assert compare(whole, split=True, what="clean and split") > 1.7


def test_text_that_is_clean_already(documents):
    stage = build(NormalizeConfig())
    clean = [row for batch in batches(documents) for row in stage(batch, Account())["sentences"].to_pylist()]
    assert compare(clean, split=False, what="text that is clean already") > 5
