"""``zhprep merge``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from zhprep.cli.shared import shared_options, show_report, split_shared
from zhprep.core.errors import DataError
from zhprep.core.report import Account, Report
from zhprep.core.shards.folder import open_folder


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@shared_options()
def command(folder: Path, **options: Any) -> None:
    """Finish a folder whose shards were made by an array of tasks.

    The last task of an array does this by itself; `merge` is for when it was killed in between.
    """
    shared, _ = split_shared(options)
    there, plan = open_folder(folder)
    if pending := there.pending():
        raise DataError(
            f"{folder}: {len(pending)} of {there.n_blocks} shards are missing",
            hint=f"zhprep status {folder} --pending-array",
        )
    manifest = there.finish(plan["table"], plan, plan["facts"])
    report = Report(Account.from_dict(manifest["account"]), str(folder), manifest["content_sha256"])
    show_report(report.as_dict(), shared)
