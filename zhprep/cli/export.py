"""``zhprep export``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from zhprep.cli.delivery import Fetching
from zhprep.cli.options import ExistingAnywhere
from zhprep.cli.outputs import folder_output
from zhprep.cli.shared import shared_options, show_report, split_shared
from zhprep.core.errors import UsageError
from zhprep.core.progress import showing
from zhprep.core.registry import lookup
from zhprep.core.report import Report
from zhprep.core.shards import read_json
from zhprep.export import EXPORTS
from zhprep.export.folder import whole_folder
from zhprep.export.source import RECORD


@click.command(cls=Fetching)
@click.argument("source", type=ExistingAnywhere(), metavar="SOURCE")
@click.option(
    "--to", "form", metavar="FORMAT", required=True, help=f"What to write: {', '.join(EXPORTS)}; see `zhprep parts`."
)
@click.option("-o", "--output", metavar="DIR", required=True, help="The folder to make; it must be new or empty.")
@shared_options("trust")
def command(source: Path, form: str, output: str, **options: Any) -> None:
    """Write a folder in the format of another program.

    SOURCE is what make-instances wrote; for chinesebert, a vocabulary with glyphs or a run; for transformers, a run.
    tfrecord and hdf5 hold one set of masks: those on disk, or, of clean instances, those of epoch 0; megatron and
    ernie hold clean instances. What was left out is said in the report and in export.json.
    """
    shared, _ = split_shared(options)
    write = lookup(EXPORTS, form, "export format")
    if not source.is_dir():
        raise UsageError(f"{source}: is not a folder", hint="name a folder that zhprep made")
    report = Report(output=output)
    with showing(shared.progress("export")), whole_folder(folder_output(output)) as folder:
        names = write(source, folder)
        record = read_json(folder / RECORD) if RECORD in names else {}
    report.scores = {"format": form, "files": len(names), **record}
    report.scores["left_out"] = ", ".join(record.get("left_out", ()))
    show_report(report, shared)
