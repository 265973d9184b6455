"""``zhprep merge``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from zhprep.cli.delivery import outlined
from zhprep.cli.options import ExistingAnywhere
from zhprep.cli.outputs import folder_output
from zhprep.cli.shared import Shared, shared_options, show_report, split_shared
from zhprep.core.corpus.inputs import file_sha256
from zhprep.core.errors import DataError, UsageError
from zhprep.core.progress import Progress
from zhprep.core.report import Account, Report
from zhprep.core.shards import Folder, is_trusting, open_folder
from zhprep.export.folder import whole_folder
from zhprep.run.bucket import fetch, files_at, naming_address
from zhprep.run.folders import shards_of
from zhprep.run.instances import files_beside


@click.command()
@click.argument("folder", type=ExistingAnywhere(), metavar="DIR")
@click.option("-o", "--output", metavar="OUT", help="Of a DIR in an object store: the folder to bring it to.")
@shared_options("trust")
def command(folder: Path | str, output: str | None, **options: Any) -> None:
    """Finish a folder whose shards were made by an array of tasks.

    The last task of an array does this by itself; `merge` is for when it was killed in between. DIR may be
    s3://bucket/name or its like: shards are read there and the manifest is put there, or, with -o, all is brought to
    this machine and finished here.
    """
    shared, _ = split_shared(options)
    if isinstance(folder, Path):
        if output is not None:
            raise UsageError("-o is for a DIR in an object store", hint="leave it out: DIR is finished where it is")
        report = _finish(folder, shared.progress("merge"))
    elif output is not None:
        report = _bring(folder, folder_output(output), shared)
    else:
        with outlined(folder) as parts:
            report = _finish(parts.path, shared.progress("merge"), parts.sha256)
            parts.put(shared.progress("upload"))
            report.output = parts.address
    show_report(report, shared)


def _bring(address: str, out: Path, shared: Shared) -> Report:
    """Bring the parts at ``address`` to the folder ``out``, which is there when they are whole."""
    with whole_folder(out) as folder, naming_address(folder, address):
        fetch(files_at(address), folder, shared.progress("fetch"))
        report = _finish(folder, shared.progress("merge"))
    report.output = str(out)
    return report


def _finish(folder: Path, progress: Progress, sha256: Callable[[Path], str] = file_sha256) -> Report:
    """Write the manifest of the folder; raises ``DataError`` while shards are missing or damaged.

    ``sha256`` gives that of a shard, wherever its bytes are.
    """
    if shards_of(folder) != folder:
        hint = "run the same build-vocab again, without --num-shards: it keeps the counts and learns from them"
        raise DataError(f"{folder}: is a vocabulary, which is not merged but learnt", hint=hint)
    there, plan = open_folder(folder)
    if pending := there.pending():
        what = f"{len(pending)} of {there.n_blocks} shards are missing"
        raise DataError(f"{folder}: {what}", hint=f"zhprep status {folder} --pending-array")
    _check_shards(there, sha256, progress)
    beside = files_beside(folder, plan["facts"]) if plan["table"] == "instances" else []
    manifest = there.finish(plan["table"], plan, plan["facts"], beside)
    account = Account.from_dict(manifest["account"])
    return Report(account, str(folder), manifest["content_sha256"], kept_characters=account.counts["characters"])


def _check_shards(folder: Folder, sha256: Callable[[Path], str], progress: Progress) -> None:
    """Raise ``DataError`` for a shard that is not as its receipt says."""
    receipts = folder.receipts()
    with progress.of(sum(receipt["bytes"] for receipt in receipts), "bytes", shards=len(receipts)) as bar:
        for block, receipt in enumerate(receipts):
            if not is_trusting() and sha256(folder.shard(block)) != receipt["sha256"]:
                hint = "run the same command again: it makes such a shard again"
                raise DataError(f"{folder.shard(block)}: its bytes are not those of its receipt", hint=hint)
            bar.advance(receipt["bytes"], shards=1)
