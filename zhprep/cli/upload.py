"""``zhprep upload``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from zhprep.cli.options import Existing
from zhprep.cli.shared import shared_options, show_report, split_shared
from zhprep.core.corpus.inputs import file_sha256, is_remote, put_new
from zhprep.core.errors import UsageError
from zhprep.core.progress import Progress
from zhprep.core.report import Report
from zhprep.core.shards import MANIFEST, PLAN
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
    report = Report(output=address)
    for part in parts_of(folder):
        report.content_sha256 = verify_folder(part, shared.progress("verify"))["content_sha256"]
    put, there = upload(folder, address.rstrip("/"), shared.progress("upload"))
    report.scores = {"files": put + there, "files_put": put, "files_there_already": there}
    show_report(report, shared)


def upload(folder: Path, address: str, progress: Progress) -> tuple[int, int]:
    """Put what is in ``folder`` to ``address``; return how many files were put and how many were there.

    Raises ``UsageError`` for a file that is there with other bytes.
    """
    files = list(_in_order(folder))
    there = 0
    with progress.of(sum(file.stat().st_size for file in files), "bytes") as bar:
        for file in files:
            target = f"{address}/{file.relative_to(folder).as_posix()}"
            if not put_new(file, target):
                there += 1
                if file_sha256(target) != file_sha256(file):
                    raise UsageError(f"{target}: is there with other bytes", hint="name another address, or remove it")
            bar.advance(file.stat().st_size, files=1)
    return len(files) - there, there


def _in_order(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder but for what is temporary: plans first, so that what is there is known to be
    unfinished, manifests last, the outermost the very last."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not _is_temporary(path.relative_to(folder)))
    yield from sorted((path for path in files if path.name != MANIFEST), key=lambda path: path.name != PLAN)
    yield from sorted((path for path in files if path.name == MANIFEST), key=lambda path: -len(path.parts))


def _is_temporary(path: Path) -> bool:
    return any(part.startswith(".") and part not in (".receipts", ".counts", ".quarantine") for part in path.parts)
