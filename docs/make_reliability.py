"""Write docs/reliability.md from the table of faults and the report of a run.

``python docs/make_reliability.py REPORT.xml …`` takes what ``make nightly`` wrote (several, if it was run in parts).
With ``--digests`` before them, only the table of digests is written anew. A report without digests leaves it as it is.
With ``--of LIST`` before them, where LIST is what ``pytest -m "nightly or fault" --collect-only -q`` prints, the page
also says how many tests of each file were not run.
"""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter, defaultdict
from collections.abc import Iterable
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
skipped, {minutes} minutes of tests. Rows that say "not run" were not part of it; then the last column but one counts
nothing. A row that says "part of a night" held what it tried, which is fewer cases than `make nightly` tries.

| | what happens | how it is tried | what is promised | cases in `make test` | at night | cases in this run | result |
|---|---|---|---|---|---|---|---|
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
    alone, of = (sys.argv[1:2] == [flag] for flag in ("--digests", "--of"))
    reports = [ElementTree.parse(path).getroot() for path in sys.argv[1 + alone + 2 * of :]]
    before = PAGE.read_text("utf-8")
    if not alone:
        chosen = collected(Path(sys.argv[2]).read_text("utf-8")) if of else Counter()
        PAGE.write_text(page(reports, before, chosen), "utf-8")
        return
    found = section(before)
    head, _, rest = before.partition(found or "## What the same run tried")
    rest = rest if found else "## What the same run tried" + rest
    PAGE.write_text(head + digests(reports) + rest, "utf-8")


def collected(text: str) -> Counter[str]:
    """Return how many tests of each file were chosen, from a list of pytest's."""
    return Counter({name: int(number) for name, number in re.findall(r"^(tests/\S+\.py): (\d+)$", text, re.MULTILINE)})


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
    date, commit, _ = origin([one for one in reports if one.find(".//property[@name='digest']") is not None])
    (blocks,) = {blocks for blocks, _ in told.values()}
    return DIGESTS.format(blocks=blocks, date=date, commit=commit, rows="\n".join(row for _, row in told.values()))


def origin(reports: list[ElementTree.Element]) -> tuple[str, str, str]:
    """Return the last date of some reports, the commits that were tried, and which tests were chosen."""
    suites = [suite for report in reports for suite in report.iter("testsuite")]
    stated: dict[str, dict[str, None]] = {"commit": {}, "selected": {}}  # in their order, once each
    for suite in suites:
        own = {one.get("name"): str(one.get("value")) for one in suite.findall("./properties/property")}
        stated["commit"][own.get("commit", "unknown")] = None
        stated["selected"][own.get("selected", "?")] = None
    date = max(str(suite.get("timestamp"))[:10] for suite in suites)
    return date, ", ".join(stated["commit"]), "`, `".join(stated["selected"])


def page(reports: list[ElementTree.Element], before: str, chosen: Counter[str]) -> str:
    """Return the page of some reports; a test that is in several counts as in the last.

    ``before`` is the page there is: its digests stay where the reports have none. ``chosen`` is how many tests of each
    file were to be run, empty where that is not known.
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
    told = (digests(reports) or section(before)).rstrip()
    return TEXT.format(
        date=date, commit=commit, selected=selected,
        minutes=f"{sum(float(suite.get('time', 0)) for suite in suites) / 60:,.0f}",
        tests=len(cases), failed=outcomes["failed"], skipped=outcomes["skipped"],
        rows="\n".join(line(row, by_row[row.number]) for row in ROWS), digests=told + "\n",
        others=table_of(others) + failures(cases) + missing(chosen, cases),
    )  # fmt: skip


def line(row: object, tried: Tried) -> str:
    """Return a row of the page."""
    number, fault, how, promise, few, many = (
        getattr(row, name) for name in ("number", "fault", "how", "promise", "few", "many")
    )
    ended = result(tried.tests, whole=tried.cases >= many)
    return f"| {number} | {fault} | {how} | {promise} | {few:,} | {many:,} | {tried.cases:,} | {ended} |"


def result(outcomes: Counter[str], *, whole: bool) -> str:
    """Say how the tests of a row ended; ``whole`` if they tried as many cases as a night does."""
    failed = f"{outcomes['failed']} of {outcomes.total()} tests failed" if outcomes["failed"] else ""
    skipped = f"{outcomes['skipped']} of {outcomes.total()} tests skipped" if outcomes["skipped"] else ""
    return "; ".join(filter(None, (failed, skipped))) or (
        "not run" if not outcomes else "held" if whole else "held, part of a night"
    )


def outcome(case: ElementTree.Element) -> str:
    """Return how a test ended."""
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    return "passed" if case.find("skipped") is None else "skipped"


def failures(cases: dict[tuple[str | None, str | None], ElementTree.Element]) -> str:
    """Return a list of the tests that failed; nothing if none did."""
    lines = [f"- `{module}::{name}`" for (module, name), case in cases.items() if outcome(case) == "failed"]
    return "\n\n## Failed\n\n" + "\n".join(sorted(lines)) if lines else ""


def missing(chosen: Counter[str], cases: Iterable[tuple[str | None, str | None]]) -> str:
    """Return a list of the files of which not all tests were run; nothing if all were."""
    ran = Counter(f"{str(module).replace('.', '/')}.py" for module, _ in cases)
    lines = [f"- `{name}`: {n - ran[name]} of {n}" for name, n in sorted(chosen.items()) if ran[name] < n]
    head = "\n\n## Not run\n\nOf the tests that a night has, those of the rows above too:\n\n"
    return head + "\n".join(lines) if lines else ""


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
    found = re.findall(r"^\| (\d+) \| (.*?) \| (.*?) \| (.*?) \| [\d,]+ \| [\d,]+ \| [\d,]+ \|", text, re.MULTILINE)
    return [(int(number), fault, how, promise) for number, fault, how, promise in found]


if __name__ == "__main__":
    main()
