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
from zhprep.run.folders import shards_of
from zhprep.run.instances import VOCABULARY


@click.command()
@click.argument("folder", type=Existing(), metavar="DIR")
@shared_options()
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
    if plan["table"] == "instances" and not (folder / VOCABULARY / "tokenizer.json").exists():
        hint = "run any task of the make-instances again: it keeps the shards and puts the tokenizer there"
        raise DataError(f"{folder}: its tokenizer is missing", hint=hint)
    manifest = there.finish(plan["table"], plan, plan["facts"])
    account = Account.from_dict(manifest["account"])
    show_report(
        Report(account, str(folder), manifest["content_sha256"], kept_characters=account.counts["characters"]), shared
    )
