"""``zhprep merge``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from zhprep.cli.options import Existing
from zhprep.cli.shared import shared_options, show_report, split_shared
from zhprep.core.errors import DataError
from zhprep.core.report import Account, Report
from zhprep.core.shards.folder import open_folder
from zhprep.core.shards.manifest import is_trusting
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
    if damaged := there.pending(trust=is_trusting()):
        hint = "run the same command again: it makes such a shard again"
        raise DataError(f"{there.shard(damaged[0])}: its bytes are not those of its receipt", hint=hint)
    beside = files_beside(folder, plan["facts"]) if plan["table"] == "instances" else []
    manifest = there.finish(plan["table"], plan, plan["facts"], beside)
    account = Account.from_dict(manifest["account"])
    show_report(
        Report(account, str(folder), manifest["content_sha256"], kept_characters=account.counts["characters"]), shared
    )
