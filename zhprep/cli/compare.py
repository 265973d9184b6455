"""``zhprep compare``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from zhprep.cli.options import Existing, Name
from zhprep.cli.outputs import file_output
from zhprep.cli.ruby import aligned
from zhprep.cli.shared import shared_options, show_report, split_shared
from zhprep.compare.comparison import Comparison, compare
from zhprep.compare.fairness import KINDS
from zhprep.compare.masks import SENTENCE
from zhprep.compare.tables import cost_rows, data_rows, score_rows
from zhprep.compare.write import beside, write_comparison
from zhprep.core.errors import UsageError
from zhprep.core.report import Report


@click.command()
@click.argument("runs", type=Existing(), metavar="RUN...", nargs=-1, required=True)
@click.option("-o", "output", metavar="FILE.html", help="Write the report, and results.json and results.csv beside it.")
@click.option(
    "--allow-different", "allow", type=Name(KINDS), multiple=True,
    help="Compare runs that differ in this, and say how; may be given again.",
)  # fmt: skip
@click.option("--sentence", default=SENTENCE, help=f"What each variant masks in the report  [default: {SENTENCE}]")
@click.option("--overwrite", is_flag=True, help="Write over a report that is there.")
@shared_options()
def command(runs: tuple[Path, ...], output: str | None, allow: tuple[str, ...], sentence: str, **options: Any) -> None:
    """Show runs beside one another: scores, curves, costs, data, settings.

    A RUN is a folder of `zhprep pretrain` or `zhprep run`. Runs that differ in the seed alone are one variant, with a
    mean and a deviation; what is within one deviation is not called a difference. Runs on other held-out data, of
    another budget or with other fine-tuning are refused, unless --allow-different says otherwise.
    """
    shared, _ = split_shared(options)
    page = None if output is None else _page(output, overwrite=shared.overwrite)
    if not sentence.strip():
        raise UsageError("--sentence is empty", hint="give a sentence, or leave it out")
    found = compare(runs, allow=allow)
    report = Report(scores=found.results)
    if page is not None:
        write_comparison(found, page, sentence=sentence)
        report.output = str(page)
    if shared.json or shared.log_json:
        show_report(report, shared)
    if not shared.json:
        print("\n".join(table_lines(found)))


def _page(output: str, *, overwrite: bool) -> Path:
    if Path(output).suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"-o {output}: the report is a page", hint="name a file that ends in .html")
    for path in beside(Path(output)):
        file_output(path, overwrite=overwrite)
    return file_output(output, overwrite=overwrite)


def table_lines(found: Comparison) -> Iterator[str]:
    """Yield the tables of a comparison and what may be said of it."""
    for kind, lines in found.differences.items():
        yield from (f"different {kind}: {line}" for line in lines)
    for rows in (score_rows(found), cost_rows(found), data_rows(found)):
        yield from aligned(rows)
        yield ""
    for line in (*found.verdicts, *found.notes):
        yield f"- {line}"
