"""``zhprep verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from zhprep.cli.options import ExistingAnywhere
from zhprep.cli.shared import Shared, shared_options, show_report, split_shared
from zhprep.core.report import Account, Report
from zhprep.run.bucket import fetch, files_at, naming_address, staging
from zhprep.run.folders import check_is_whole, parts_of, verify_beside, verify_folder
from zhprep.run.masks import verify_masks, verify_text


@click.command()
@click.argument("folder", type=ExistingAnywhere(), metavar="DIR")
@click.option("--masks", is_flag=True, help="Also hold the masks of instances to the rates in the manifest.")
@shared_options()
def command(folder: Path | str, masks: bool, **options: Any) -> None:
    """Check a folder against its manifest.

    The bytes of every shard and of every file that is read later are compared, and the rows, plan and receipts; exit 3
    at the first difference. No token of the text of instances may be a special token. Of a folder that `zhprep run`
    made, each part is checked, and that the last is there.
    `--masks` tests rates by bounds of five standard deviations and histograms by chi-square; sources and targets on
    disk are undone, drawn again and compared. DIR may be s3://bucket/name or its like: all of it is copied to where
    temporary files lie (TMPDIR), checked there and taken away.
    """
    shared, _ = split_shared(options)
    if isinstance(folder, Path):
        report = _verify(folder, shared, masks=masks)
    else:
        with staging() as place:
            here = place / folder.rstrip("/").rpartition("/")[2]
            with naming_address(here, folder.rstrip("/")):
                fetch(files_at(folder), here, shared.progress("fetch"))
                report = _verify(here, shared, masks=masks)
        report.output = folder.rstrip("/")
    show_report(report, shared)


def _verify(folder: Path, shared: Shared, *, masks: bool) -> Report:
    report = Report(output=str(folder))
    parts = parts_of(folder)
    check_is_whole(folder, parts)
    for part in parts:
        manifest = verify_folder(part, shared.progress("verify"))
        report.content_sha256 = manifest["content_sha256"]
        checked = manifest.get("shards") or manifest["files"]
        report.scores[f"verified_{manifest['table']}"] = (
            f"{len(checked)} {'shards' if 'shards' in manifest else 'files'}"
        )
        if manifest["table"] == "instances":
            verify_text(part)
        if masks and manifest["table"] == "instances":
            report.scores["masks"] = verify_masks(part)
        if "account" in manifest:
            report.account = Account.from_dict(manifest["account"])
    verify_beside(folder, parts)
    report.kept_characters = report.account.counts["characters"]  # nothing was made, so there is no speed
    report.scores["verified"] = True
    return report
