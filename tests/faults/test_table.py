"""The table of faults, its tests and the page made of them agree."""

from __future__ import annotations

from pathlib import Path

import pytest
from fault_table import FILES, QUOTAS, ROWS
from make_reliability import PAGE, rows_of

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
