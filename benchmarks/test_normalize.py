"""``normalize`` beside the usual loop over lines with unicodedata and regular expressions, on the same text.

The loop does less: it counts nothing, keeps no emoji together and knows no dialogue.
"""

from __future__ import annotations

import html
import itertools
import re
import unicodedata

import pyarrow as pa
from racing import Race

from zhprep.core import schema
from zhprep.core.report import Account
from zhprep.normalize import NormalizeConfig, build

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


def compare(race: Race, batches: list[pa.RecordBatch], split: bool, what: str) -> float:
    stage = build(NormalizeConfig(split=split))
    lines = [line for batch in batches for row in batch["sentences"].to_pylist() for line in row]
    return race(
        what, lambda: [stage(batch, Account()) for batch in batches],
        "unicodedata + re, line by line", lambda: loop(lines, split), sum(map(len, lines)) / 1e6, n_runs=5,
    )  # fmt: skip


def test_cleaning(race: Race, batches: list[pa.RecordBatch]) -> None:
    assert compare(race, batches, split=False, what="normalize, without splitting") > 3


def test_cleaning_and_splitting(race: Race, batches: list[pa.RecordBatch]) -> None:
    whole = [_paragraphs(batch) for batch in batches]
    assert compare(race, whole, split=True, what="normalize") > 1.5


def test_text_that_is_clean_already(race: Race, batches: list[pa.RecordBatch]) -> None:
    stage = build(NormalizeConfig())
    clean = [stage(batch, Account()) for batch in batches]
    assert compare(race, clean, split=False, what="normalize, text that is clean already") > 4


def _paragraphs(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return the documents with all their lines in one."""
    whole = pa.array([["".join(row)] for row in batch["sentences"].to_pylist()], schema.TEXT.field("sentences").type)
    return pa.RecordBatch.from_arrays([batch["doc"], whole], schema=schema.TEXT)
