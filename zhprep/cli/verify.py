"""``zhprep verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from zhprep.cli.shared import shared_options, show_report, split_shared
from zhprep.core.report import Account, Report
from zhprep.core.shards import verify


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@shared_options()
def command(folder: Path, **options: Any) -> None:
    """Check a folder against its manifest, and its masks against their rates.

    Every shard's bytes and rows are compared with the manifest; exit 3 at the first difference.
    """
    shared, _ = split_shared(options)
    manifest = verify(folder)
    report = Report(Account.from_dict(manifest["account"]), str(folder), manifest["content_sha256"])
    show_report({**report.as_dict(), "shards": len(manifest["shards"]), "verified": True}, shared)
