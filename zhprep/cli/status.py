"""``zhprep status``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from zhprep.cli.shared import shared_options, split_shared
from zhprep.core.shards.folder import open_folder


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option(
    "--pending-array", is_flag=True, help="Print the missing shards as a list for --array; exit 3 when there are any."
)
@shared_options()
def command(folder: Path, pending_array: bool, **options: Any) -> None:
    """Say what of an output folder is done and what is missing.

    `sbatch --array=$(zhprep status DIR --pending-array) ...` does just what is missing, when the array has one task a shard.
    """
    shared, _ = split_shared(options)
    there, _plan = open_folder(folder)
    pending = there.pending()
    if pending_array:
        print(_ranges(pending))
        raise click.exceptions.Exit(3 if pending else 0)
    facts = {
        "shards": there.n_blocks,
        "done": there.n_blocks - len(pending),
        "pending": pending,
        "finished": (folder / "manifest.json").exists(),
    }
    if shared.json:
        print(json.dumps(facts))
        return
    print(
        f"{facts['done']} of {facts['shards']} shards done"
        + ("" if facts["finished"] else f"; missing: {_ranges(pending)}" if pending else "; run `zhprep merge`")
    )


def _ranges(numbers: list[int]) -> str:
    """Write ``[1, 4, 5, 9]`` as ``1,4-5,9``."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and parts[-1][-1] == number - 1:
            parts[-1][1:] = [number]
        else:
            parts.append([number])
    return ",".join("-".join(map(str, part)) for part in parts)
