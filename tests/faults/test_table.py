"""The table of faults, its tests and the page made of them agree."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from fault_table import FILES, QUOTAS, ROWS
from make_reliability import PAGE, collected, page, rows_of

HERE = Path(__file__).parent


def test_every_row_has_its_tests_and_they_try_enough(request: pytest.FixtureRequest) -> None:
    stash = request.config.stash
    wanted = {path.name for path in HERE.glob("test_*.py")}
    if stash[FILES] != wanted:
        pytest.skip("some files of this folder were not collected")
    for row in ROWS:
        assert all((HERE / name).is_file() for name in row.files.split(" and ")), row
        few, many = (stash[QUOTAS][nightly][row.number] for nightly in (False, True))
        assert few >= row.few, (row.number, few)
        assert few + many >= row.many, (row.number, many)
    assert stash[QUOTAS][False].keys() | stash[QUOTAS][True].keys() == {row.number for row in ROWS}


def test_the_page_has_the_rows_of_the_table() -> None:
    assert rows_of(PAGE.read_text("utf-8")) == [(row.number, row.fault, row.how, row.promise) for row in ROWS]


REPORT = """<testsuites><testsuite timestamp="2026-11-29T23:00:00" time="{seconds}"><properties>
<property name="selected" value="nightly or fault"/><property name="commit" value="{commit}"/></properties>
{cases}</testsuite></testsuites>"""
CASE = """<testcase classname="tests.faults.test_x" name="{name}"><properties>
<property name="fault" value="{row}"/><property name="cases" value="{cases}"/></properties>{ended}</testcase>"""


def test_a_night_in_pieces_makes_one_page() -> None:
    """Of the last report of each test; commits that differ are all named, and what a night has more of is said."""
    races = CASE.format(name="races", row=4, cases=200, ended="")
    fuzz = CASE.format(name="fuzz", row=9, cases=20_000, ended="")
    broken, mended = (CASE.format(name="pipes", row=16, cases=60, ended=ended) for ended in ("<failure/>", ""))
    pieces = [
        REPORT.format(commit=commit, seconds=90, cases=cases)
        for commit, cases in (("aaaaaaa", races + broken), ("aaaaaaa", fuzz), ("bbbbbbb", mended))
    ]
    chosen = collected("tests/faults/test_x.py: 3\ntests/vocab/test_encode.py: 4\n\n7 tests collected\n")
    text = page([ElementTree.fromstring(piece) for piece in pieces], PAGE.read_text("utf-8"), chosen)
    assert rows_of(text) == rows_of(PAGE.read_text("utf-8"))
    ended = {line.split(" | ")[0]: line.split(" | ")[-3:] for line in text.splitlines() if line.startswith("| ")}
    assert ended["| 4"] == ["200", "200", "held |"]
    assert ended["| 9"] == ["5,000,000", "20,000", "held, part of a night |"]
    assert ended["| 16"] == ["50", "60", "held |"]
    assert ended["| 1"] == ["2,000", "0", "not run |"]
    assert (
        "commit aaaaaaa, bbbbbbb, tests chosen by `nightly or fault`; 3 tests, 0 failed, 0\nskipped, 4 minutes" in text
    )
    assert text.endswith("- `tests/vocab/test_encode.py`: 4 of 4\n")
    assert "test_x" not in text
