"""``zhprep status``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from json import dumps
from pathlib import Path
from typing import Any

import click

from zhprep.cli.delivery import outlined
from zhprep.cli.options import ExistingAnywhere
from zhprep.cli.shared import shared_options, split_shared
from zhprep.core.errors import UsageError
from zhprep.core.progress import clock, duration, rounded
from zhprep.experiment.status import EXPERIMENT, experiment_status
from zhprep.run.folders import begun_parts_of, to_come
from zhprep.run.watching import Watcher

_MOST = 5
"""How many blocks of a kind are shown to people."""

_WIDTH = 100
"""Characters of the list of what is missing that are shown to people."""


@click.command()
@click.argument("folder", type=ExistingAnywhere(), metavar="DIR")
@click.option("--watch", is_flag=True, help="Say it again and again until all is done; ends by Ctrl-C before that.")
@click.option(
    "--interval", type=click.FloatRange(0.1), default=10.0, help="Seconds from one look to the next  [default: 10]"
)
@click.option(
    "--pending-array", is_flag=True, help="Print the missing shards as a list for --array; exit 3 when there are any."
)
@shared_options()
def command(folder: Path | str, watch: bool, interval: float, pending_array: bool, **options: Any) -> None:
    """Say what of a folder is done, how fast it goes, and what failed and why.

    It reads the folder alone, so it works from any machine that sees it, whoever works there: one process, an array of
    tasks, Ray. Of a run of training: step, loss, tokens a second, time left. With --watch a terminal is written over;
    a file or pipe gets a line each time, with --json an object. `sbatch --array=$(zhprep status DIR --pending-array)
    ...` does just what is missing, when the array has one task a shard. Of an experiment it says so of each run. DIR
    may be s3://bucket/name or its like; what is under way there, and what failed, the machines know that work on it.
    """
    shared, _ = split_shared(options)
    if watch and pending_array:
        raise UsageError("--pending-array is said once", hint="leave out --watch")
    if isinstance(folder, Path):
        return _say(folder, lambda: None, interval if watch else None, pending_array=pending_array, json=shared.json)
    with outlined(folder) as seen:
        _say(seen.path, seen.look, interval if watch else None, pending_array=pending_array, json=shared.json)


def _say(folder: Path, refresh: Callable[[], None], interval: float | None, *, pending_array: bool, json: bool) -> None:
    """Say what is done; with an ``interval`` in seconds, again and again, after a ``refresh`` of the folder each."""
    if (folder / EXPERIMENT).exists():
        return _show_experiment(folder, pending_array=pending_array, json_wanted=json)
    watchers: dict[Path, Watcher] = {}
    if pending_array:
        _pending_array(folder, _look(folder, watchers))
    drawn = 0
    while True:
        found = _look(folder, watchers)
        if json:
            print(dumps(found.get(folder, {part.name: status for part, status in found.items()})), flush=True)
        elif interval is not None:
            drawn = _draw(_lines(folder, found), drawn)
        else:
            print("\n".join(_lines(folder, found)))
        finished = all(status["finished"] for status in found.values()) and to_come(folder, found) is None
        if interval is None or finished:
            return
        time.sleep(interval)
        refresh()


def _look(folder: Path, watchers: dict[Path, Watcher]) -> dict[Path, dict[str, Any]]:
    """Look at the parts that ``folder`` has by now: in a run of a recipe one comes after the other."""
    parts = begun_parts_of(folder)
    watchers.update({part: Watcher(part) for part in parts if part not in watchers})
    return {part: watchers[part].look() for part in parts}


def _show_experiment(folder: Path, *, pending_array: bool, json_wanted: bool) -> None:
    """Print what is done of each run of an experiment."""
    runs = experiment_status(folder)
    pending = [run["name"] for run in runs if not (run["finished"] and run["scored"])]
    if pending_array:
        print(_ranges(sorted({run["task"] for run in runs if run["name"] in pending})))
        raise click.exceptions.Exit(3 if pending else 0)
    if json_wanted:
        print(dumps({"runs": runs, "done": len(runs) - len(pending), "pending": pending}, ensure_ascii=False))
        return
    print(f"{len(runs) - len(pending)} of {len(runs)} runs done")
    for run in runs:
        done = f"{run['done']:,} of {run['steps']:,} steps done" if run["steps"] else "not begun"
        scored = f"; scored: {', '.join(['held out', *run['tasks']])}" if run["scored"] else ""
        print(f"{run['name']:<28}{done}{scored}" + (f"; failed: {run['failed']}" if "failed" in run else ""))


def _pending_array(folder: Path, found: dict[Path, dict[str, Any]]) -> None:
    status = found.get(folder, {})
    if "pending" not in status:
        hint = f"name one of {', '.join(map(str, found))}" if found else "nothing is begun yet"
        raise UsageError(f"{folder}: has no shards of its own", hint=hint)
    print(_ranges(status["pending"]))
    raise click.exceptions.Exit(3 if status["pending"] else 0)


def _draw(lines: list[str], drawn: int) -> int:
    """Write over the ``drawn`` lines of the last time on a terminal; elsewhere write one line, with the time."""
    if sys.stdout.isatty():
        print((f"\x1b[{drawn}F\x1b[J" if drawn else "") + "\n".join(lines), flush=True)
        return len(lines)
    print(f"{clock(time.time())} {' | '.join(lines)}", flush=True)
    return 0


def _lines(folder: Path, found: dict[Path, dict[str, Any]]) -> list[str]:
    lines = []
    last = to_come(folder, found)
    not_begun = [] if last is None else [last]
    width = max([6, *(len(part.name) for part in [*found, *not_begun])]) + 2
    for part, status in found.items():
        name = f"{part.name:<{width}}" if part != folder else ""
        lines += [name + _of_run(status)] if "steps" in status else [name + _of_shards(status), *_why(status)]
    return lines + [f"{part.name:<{width}}not begun" for part in not_begun]


def _of_run(status: dict[str, Any]) -> str:
    parts = [f"{status['done']:,} of {status['steps']:,} steps done"]
    if not status["finished"] and status["step"] > status["done"]:
        parts += [f"at step {status['step']:,}"]
    if status["loss"] is not None:
        parts += [f"loss {status['loss']:.4g}"]
    if status["tokens_per_second"]:
        parts += [f"{status['tokens_per_second']:,.0f} tokens/s"]
    if not status["finished"]:
        parts += [f"{duration(status['seconds_left'])} left"] if status["seconds_left"] is not None else []
        parts += [f"last heard of at {status['heard']}"]
    return ", ".join(parts)


def _of_shards(status: dict[str, Any]) -> str:
    parts = [f"{status['done']:,} of {status['shards']:,} shards done"]
    if status["done"]:
        parts += [f"{status['documents']:,} documents, {status['characters']:,} characters"]
    rates = [f"{rounded(status['per_second'][name])} {name}/s" for name in ("documents", "characters", "blocks")
             if name in status["per_second"]]  # fmt: skip
    parts += [", ".join(rates)] if rates else []
    if status["seconds_left"] and status["under_way"]:
        parts += [f"{duration(status['seconds_left'])} left at this rate"]
    if status["pending"]:
        parts += [f"missing: {_short(_ranges(status['pending']))}", f"last done at {status['heard']}"]
    elif not status["finished"]:
        parts += ["not finished: run `zhprep merge`, or the same command again"]
    return "; ".join(parts)


def _why(status: dict[str, Any]) -> Iterator[str]:
    """Yield lines on the blocks that are under way, that failed and that are in quarantine."""
    working, lost = ([one for one in status["under_way"] if (one["alive"] is False) == dead] for dead in (False, True))
    for one in working[:_MOST]:
        where = f"documents {one['first']} to {one['last']} for {duration(one['seconds'])}"
        yield f"  shard {one['block']} is at {where} (process {one['pid']} on {one['host']})"
    for one in lost[:_MOST]:
        yield f"  shard {one['block']} was left at documents {one['first']} to {one['last']}: its process is gone"
    for one in status["failed"][:_MOST]:
        at = f" at documents {one['first']} to {one['last']}" if one["first"] else ""
        hint = f" / hint: {one['hint']}" if one["hint"] else ""
        kind = "" if one["error"] in ("DataError", "UsageError") else f"{one['error']}: "
        yield f"  shard {one['block']} failed{at}, {one['time']} on {one['host']}: {kind}{one['message']}{hint}"
    for one in status["quarantined"][:_MOST]:
        what = "is left out" if one["left_out"] else "is in the way"
        yield f"  shard {one['block']}: document {one['document']} kills what works on it ({one['by']}) and {what}"
    for name, many in (("under way", working), ("failed", status["failed"]), ("quarantined", status["quarantined"])):
        if len(many) > _MOST:
            yield f"  {len(many) - _MOST} more shards {name}: --json has them all"


def _short(ranges: str) -> str:
    """Return the beginning of a list that is long."""
    if len(ranges) <= _WIDTH:
        return ranges
    return f"{ranges[:_WIDTH].rpartition(',')[0]},… (all of them: --pending-array)"


def _ranges(numbers: list[int]) -> str:
    """Write ``[1, 4, 5, 9]`` as ``1,4-5,9``."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and parts[-1][-1] == number - 1:
            parts[-1][1:] = [number]
        else:
            parts.append([number])
    return ",".join("-".join(map(str, part)) for part in parts)
