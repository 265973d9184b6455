"""``zhprep upload``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from zhprep.cli.options import Existing
from zhprep.cli.shared import shared_options, show_report, split_shared
from zhprep.core.corpus.inputs import check_writable, is_remote
from zhprep.core.errors import UsageError
from zhprep.core.report import Report
from zhprep.run.bucket import upload
from zhprep.run.folders import parts_of, verify_folder


@click.command()
@click.argument("folder", type=Existing(), metavar="DIR")
@click.argument("address")
@shared_options()
def command(folder: Path, address: str, **options: Any) -> None:
    """Put a finished folder into an object store, once and for all.

    ADDRESS is s3://bucket/name or its like. DIR is verified first. Each file is put by a request that fails where there
    is one: the first writer wins, another with the same bytes has nothing to do, and one with other bytes is refused.
    Manifests come last, so a folder without one is unfinished; run it again to go on. Nothing is ever replaced.
    """
    shared, _ = split_shared(options)
    if not is_remote(address):
        raise UsageError(f"{address}: is no address of an object store", hint="write s3://bucket/name")
    check_writable(address)
    report = Report(output=address)
    for part in parts_of(folder):
        report.content_sha256 = verify_folder(part, shared.progress("verify"))["content_sha256"]
    put, there = upload(folder, address.rstrip("/"), shared.progress("upload"))
    report.scores = {"files": put + there, "files_put": put, "files_there_already": there}
    show_report(report, shared)
