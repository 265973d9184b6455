"""``zhprep merge``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from zhprep.cli.options import Existing
from zhprep.cli.shared import shared_options, show_report, split_shared
from zhprep.core.errors import DataError
from zhprep.core.progress import Progress
from zhprep.core.report import Account, Report
from zhprep.core.shards import Folder, is_trusting, open_folder
from zhprep.run.folders import shards_of
from zhprep.run.instances import files_beside


@click.command()
@click.argument("folder", type=Existing(), metavar="DIR")
@shared_options("trust")
def command(folder: Path, **options: Any) -> None:
    """Finish a folder whose shards were made by an array of tasks.

    The last task of an array does this by itself; `merge` is for when it was killed in between.
    """
    shared, _ = split_shared(options)
    if shards_of(folder) != folder:
        hint = "run the same build-vocab again, without --num-shards: it keeps the counts and learns from them"
        raise DataError(f"{folder}: is a vocabulary, which is not merged but learnt", hint=hint)
    there, plan = open_folder(folder)
    if pending := there.pending():
        what = f"{len(pending)} of {there.n_blocks} shards are missing"
        raise DataError(f"{folder}: {what}", hint=f"zhprep status {folder} --pending-array")
    _check_shards(there, shared.progress("merge"))
    beside = files_beside(folder, plan["facts"]) if plan["table"] == "instances" else []
    manifest = there.finish(plan["table"], plan, plan["facts"], beside)
    account = Account.from_dict(manifest["account"])
    show_report(
        Report(account, str(folder), manifest["content_sha256"], kept_characters=account.counts["characters"]), shared
    )


def _check_shards(folder: Folder, progress: Progress) -> None:
    """Raise ``DataError`` for a shard that is not as its receipt says."""
    sizes = [folder.shard(block).stat().st_size for block in range(folder.n_blocks)]
    with progress.of(sum(sizes), "bytes", shards=len(sizes)) as bar:
        for block, size in enumerate(sizes):
            if not folder.is_done(block, trust=is_trusting()):
                hint = "run the same command again: it makes such a shard again"
                raise DataError(f"{folder.shard(block)}: its bytes are not those of its receipt", hint=hint)
            bar.advance(size, shards=1)
