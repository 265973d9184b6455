"""Write docs/reliability.md from the table of faults and the report of a run.

``python docs/make_reliability.py REPORT.xml …`` takes what ``make nightly`` wrote (several, if it was run in parts).
With ``--digests`` before them, only the table of digests is written anew. A report without digests leaves it as it is.
"""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "tests"))

from fault_table import ROWS  # noqa: E402  # the table lies with the tests

PAGE = ROOT / "docs" / "reliability.md"

TEXT = """# Reliability: what is promised, and how it was tried

Of every row also holds: documents that went in are documents that came out and documents counted as dropped; nobody
who reads sees a file that is not whole; nothing hangs, and no process is left behind. The rows are those of
[tests/fault_table.py](../tests/fault_table.py), the tests lie in [tests/faults](../tests/faults); `make test` tries a
few cases of each, `make nightly` many. This page is written from the report of a run, as `make nightly` does at its
end (`docs/make_reliability.py`).

The run of this page: {date}, commit {commit}, tests chosen by `{selected}`; {tests} tests, {failed} failed, {skipped}
skipped. Rows that say "not run" were not part of it; then the last column but one counts nothing.

| | what happens | how it is tried | what is promised | cases in `make test` | cases in this run | result |
|---|---|---|---|---|---|---|
{rows}

A case is one kill, one flipped bit, one string, one race; what a row asks for and a machine has not (`strace`, GNU
parallel, Slurm, Ray) is skipped there and said so.

{digests}
## What the same run tried beside faults

{others}
"""

DIGESTS = """## One digest

The same command on the same real text (`make-instances --mask wwm --static` on the six corpora of `ZHPREP_DATA`,
23.6 MB in {blocks} blocks) by every engine, and what was done to it meanwhile, at moments drawn from a fixed seed.
Killed is whoever is at work: a command, a worker, a task, Ray's driver; a command that was killed is given again.
All files have the bytes of one process (the test compares them); shown is the digest of the content that the
manifest states. Seconds are by the clock, with all that was run again, on two cores that others used too.

```sh
ZHPREP_DATA=DIR python -m pytest -m nightly tests/faults/test_one_digest.py --junitxml=digests.xml
python docs/make_reliability.py --digests digests.xml
```

{date}, commit {commit}:

| engine | meanwhile | content | seconds |
|---|---|---|---|
{rows}

"""


@dataclass
class Tried:
    """What a report says of a row."""

    cases: int = 0
    tests: Counter[str] = field(default_factory=Counter)


def main() -> None:
    """Write the page, or the one table of it."""
    alone = sys.argv[1:2] == ["--digests"]
    reports = [ElementTree.parse(path).getroot() for path in sys.argv[1 + alone :]]
    before = PAGE.read_text("utf-8")
    if not alone:
        PAGE.write_text(page(reports, before), "utf-8")
        return
    found = section(before)
    head, _, rest = before.partition(found or "## What the same run tried")
    rest = rest if found else "## What the same run tried" + rest
    PAGE.write_text(head + digests(reports) + rest, "utf-8")


def section(text: str) -> str:
    """Return the section of digests of a page; nothing if it has none."""
    found = re.search(r"^## One digest\n.*?(?=^## )", text, re.MULTILINE | re.DOTALL)
    return found[0] if found else ""


def digests(reports: list[ElementTree.Element]) -> str:
    """Return the section of what ``tests/faults/test_one_digest.py`` told; nothing if it was not run."""
    told = {}
    for case in (case for report in reports for case in report.iter("testcase")):
        for one in case.iter("property"):
            if one.get("name") == "digest":
                engine, meanwhile, blocks, digest, seconds = str(one.get("value")).split(" | ")
                told[engine, meanwhile] = blocks, f"| {engine} | {meanwhile} | `{digest}…` | {seconds} |"
    if not told:
        return ""
    date, commit, _ = origin(reports)
    (blocks,) = {blocks for blocks, _ in told.values()}
    return DIGESTS.format(blocks=blocks, date=date, commit=commit, rows="\n".join(row for _, row in told.values()))


def origin(reports: list[ElementTree.Element]) -> tuple[str, str, str]:
    """Return the last date of some reports, the commit that was tried, and which tests were chosen."""
    suites = [suite for report in reports for suite in report.iter("testsuite")]
    stated = {
        one.get("name"): str(one.get("value")) for suite in suites for one in suite.findall("./properties/property")
    }
    date = max(str(suite.get("timestamp"))[:10] for suite in suites)
    return date, stated.get("commit", "unknown"), stated.get("selected", "?")


def page(reports: list[ElementTree.Element], before: str) -> str:
    """Return the page of some reports; a test that is in several counts as in the last.

    ``before`` is the page there is: its digests stay where the reports have none.
    """
    suites = [suite for report in reports for suite in report.iter("testsuite")]
    cases = {(case.get("classname"), case.get("name")): case for suite in suites for case in suite.iter("testcase")}
    by_row: dict[int, Tried] = defaultdict(Tried)
    others: dict[str, Counter[str]] = defaultdict(Counter)
    for case in cases.values():
        properties = {one.get("name"): one.get("value") for one in case.iter("property")}
        if "fault" in properties:
            tried = by_row[int(properties["fault"] or 0)]
            tried.cases += int(properties["cases"] or 0)
            tried.tests[outcome(case)] += 1
        elif case.get("classname") and "faults" not in str(case.get("classname")):  # without: a file that was skipped
            others[str(case.get("classname"))][outcome(case)] += 1
    outcomes = Counter(outcome(case) for case in cases.values())
    date, commit, selected = origin(reports)
    return TEXT.format(
        date=date, commit=commit, selected=selected,
        tests=len(cases), failed=outcomes["failed"], skipped=outcomes["skipped"],
        rows="\n".join(line(row, by_row[row.number]) for row in ROWS), digests=digests(reports) or section(before),
        others=table_of(others),
    )  # fmt: skip


def line(row: object, tried: Tried) -> str:
    """Return a row of the page."""
    number, fault, how, promise, few = (getattr(row, name) for name in ("number", "fault", "how", "promise", "few"))
    return f"| {number} | {fault} | {how} | {promise} | {few:,} | {tried.cases:,} | {result(tried.tests)} |"


def result(outcomes: Counter[str]) -> str:
    """Say how the tests of a row ended."""
    failed = f"{outcomes['failed']} of {outcomes.total()} tests failed" if outcomes["failed"] else ""
    skipped = f"{outcomes['skipped']} of {outcomes.total()} tests skipped" if outcomes["skipped"] else ""
    return "; ".join(filter(None, (failed, skipped))) or ("held" if outcomes else "not run")


def outcome(case: ElementTree.Element) -> str:
    """Return how a test ended."""
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    return "passed" if case.find("skipped") is None else "skipped"


def table_of(others: dict[str, Counter[str]]) -> str:
    """Return the table of tests that are of no row, by file."""
    if not others:
        return "Nothing."
    lines = ["| tests | passed | failed | skipped |", "|---|---|---|---|"]
    for name, found in sorted(others.items()):
        path = name.replace(".", "/")
        lines.append(f"| `{path}` | {found['passed']} | {found['failed']} | {found['skipped']} |")
    return "\n".join(lines)


def rows_of(text: str) -> list[tuple[int, str, str, str]]:
    """Return number, fault, way and promise of each row of a page."""
    found = re.findall(r"^\| (\d+) \| (.*?) \| (.*?) \| (.*?) \| [\d,]+ \| [\d,]+ \|", text, re.MULTILINE)
    return [(int(number), fault, how, promise) for number, fault, how, promise in found]


if __name__ == "__main__":
    main()
