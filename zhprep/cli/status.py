"""``zhprep status``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from zhprep.cli.options import Existing
from zhprep.cli.shared import shared_options, split_shared
from zhprep.core.errors import UsageError
from zhprep.experiment.status import EXPERIMENT, experiment_status
from zhprep.run.folders import parts_of, status_of


@click.command()
@click.argument("folder", type=Existing(), metavar="DIR")
@click.option(
    "--pending-array", is_flag=True, help="Print the missing shards as a list for --array; exit 3 when there are any."
)
@shared_options()
def command(folder: Path, pending_array: bool, **options: Any) -> None:
    """Say what of an output folder is done and what is missing.

    Of an experiment it says so of each run.

    `sbatch --array=$(zhprep status DIR --pending-array) ...` does just what is missing, when the array has one task a
    shard (or a run of the experiment).
    """
    shared, _ = split_shared(options)
    if (folder / EXPERIMENT).exists():
        return _show_experiment(folder, pending_array=pending_array, json_wanted=shared.json)
    parts = {part: status_of(part) for part in parts_of(folder)}
    if pending_array:
        pending = parts.get(folder, {}).get("pending")
        if pending is None:
            raise UsageError(f"{folder}: has no shards of its own", hint=f"name one of {', '.join(map(str, parts))}")
        print(_ranges(pending))
        raise click.exceptions.Exit(3 if pending else 0)
    if shared.json:
        facts: Any = parts.get(folder, {part.name: status for part, status in parts.items()})
        print(json.dumps(facts))
        return
    for part, status in parts.items():
        print((f"{part.name:<8}" if part != folder else "") + _line(status))


def _show_experiment(folder: Path, *, pending_array: bool, json_wanted: bool) -> None:
    """Print what is done of each run of an experiment."""
    runs = experiment_status(folder)
    pending = [run["name"] for run in runs if not (run["finished"] and run["scored"])]
    if pending_array:
        print(_ranges(sorted({run["task"] for run in runs if run["name"] in pending})))
        raise click.exceptions.Exit(3 if pending else 0)
    if json_wanted:
        print(json.dumps({"runs": runs, "done": len(runs) - len(pending), "pending": pending}, ensure_ascii=False))
        return
    print(f"{len(runs) - len(pending)} of {len(runs)} runs done")
    for run in runs:
        done = _line(run) if run["steps"] else "not begun"
        scored = f"; scored: {', '.join(['held out', *run['tasks']])}" if run["scored"] else ""
        print(f"{run['name']:<28}{done}{scored}" + (f"; failed: {run['failed']}" if "failed" in run else ""))


def _line(status: dict[str, Any]) -> str:
    if "steps" in status:
        return f"{status['done']:,} of {status['steps']:,} steps done"
    done = f"{status['done']:,} of {status['shards']:,} shards done"
    if status["pending"]:
        return f"{done}; missing: {_ranges(status['pending'])}"
    return done if status["finished"] else f"{done}; not finished: run `zhprep merge`, or the same command again"


def _ranges(numbers: list[int]) -> str:
    """Write ``[1, 4, 5, 9]`` as ``1,4-5,9``."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and parts[-1][-1] == number - 1:
            parts[-1][1:] = [number]
        else:
            parts.append([number])
    return ",".join("-".join(map(str, part)) for part in parts)
