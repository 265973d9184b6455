"""The golden cases in ``tests/cases/normalize``: each buys equality, stability on a second pass and a balance.

A case is a line, then ``=> `` and each sentence that comes of it. ``\\u200b`` stands for a character that cannot be
seen. A line ``# settings: name = value`` (TOML) before a case changes its settings.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pytest

from zhprep.core import config, schema
from zhprep.core.report import Account
from zhprep.normalize import NormalizeConfig, build

FOLDER = Path(__file__).parent.parent / "cases" / "normalize"
ESCAPE = re.compile(r"\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8}")


class Case(NamedTuple):
    line: str
    expected: list[str]
    config: NormalizeConfig


def read_cases(path: Path) -> list[Case]:
    cases = []
    for paragraph in path.read_text(encoding="utf-8").split("\n\n"):
        lines = [unescape(line) for line in paragraph.splitlines() if line]
        settings = {}
        for line in [line for line in lines if line.startswith("# settings: ")]:
            settings |= tomllib.loads(line.removeprefix("# settings: "))
        text = [line for line in lines if not line.startswith(("# ", "=> "))]
        if text:
            expected = [line.removeprefix("=> ") for line in lines if line.startswith("=> ")]
            assert len(text) == 1, f"{path.name}: one line a case, not {text}"
            cases.append(Case(text[0], expected, config.build(NormalizeConfig, settings)))
    return cases


def unescape(line: str) -> str:
    return ESCAPE.sub(lambda match: chr(int(match[0][2:], 16)), line)


CASES = {f"{path.stem}-{i}": case for path in sorted(FOLDER.glob("*.txt")) for i, case in enumerate(read_cases(path))}


def normalized(sentences: list[str], settings: NormalizeConfig) -> tuple[list[str], Account]:
    account = Account()
    batch = pa.RecordBatch.from_arrays(
        [pa.array(["d"]), pa.array([sentences], pa.list_(pa.string()))], schema=schema.TEXT
    )
    rows = build(settings)(batch, account)["sentences"].to_pylist()
    return (rows[0] if rows else []), account


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_case(case):
    sentences, account = normalized([case.line], case.config)
    assert sentences == case.expected
    again, second = normalized(sentences, case.config)
    assert again == sentences, "a second pass must change nothing"
    assert second.counts["characters_out"] == second.counts["characters"]
    assert not second.changed
    gained, lost = (
        sum(n for reason, n in counts.items() if reason.startswith("characters."))
        for counts in (account.inserted, account.dropped)
    )
    assert len(case.line) + gained - lost == sum(map(len, sentences)), "every character lost must be counted"
    if {reason for reason in (*account.dropped, *account.changed) if reason.startswith("characters.")} <= {
        "characters.whitespace"
    }:
        assert "".join("".join(sentences).split()) == "".join(case.line.split()), "only white space may be lost"


def test_there_are_enough_cases():
    assert sum(name.startswith("split_") for name in CASES) >= 150
