"""``zhprep status``."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from json import dumps
from pathlib import Path
from typing import Any

import click

from zhprep.cli.delivery import outlined
from zhprep.cli.options import ExistingAnywhere
from zhprep.cli.ruby import columns
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
    "--pending-array", is_flag=True, help="Print what is missing as a list for --array; exit 3 when there is anything."
)
@click.option(
    "--num-shards",
    type=click.IntRange(1),
    help="Tasks in the whole array, for --pending-array  [default: one a shard; of an experiment, one a model]",
)
@shared_options()
def command(
    folder: Path | str, watch: bool, interval: float, pending_array: bool, num_shards: int | None, **options: Any
) -> None:
    """Say what of a folder is done, how fast it goes, and what failed and why.

    It reads the folder alone, so it works from any machine that sees it, whoever works there: one process, an array of
    tasks, Ray. Of a run of training: step, loss, tokens a second, time left. With --watch a terminal is written over;
    a file or pipe gets a line each time, with --json an object. `sbatch --array=$(zhprep status DIR --pending-array
    --num-shards N) ...` does just what is missing of an array of N tasks. Of an experiment it says so of each run. DIR
    may be s3://bucket/name or its like; what is under way there, and what failed, the machines know that work on it.
    """
    shared, _ = split_shared(options)
    if watch and pending_array:
        raise UsageError("--pending-array is said once", hint="leave out --watch")
    if num_shards is not None and not pending_array:
        raise UsageError("--num-shards goes with --pending-array", hint="add --pending-array")
    with _at_hand(folder) as (path, refresh):
        if pending_array:
            _print_pending(path, num_shards)
        _say(_looker(path), refresh, interval if watch else None, json=shared.json)


@contextlib.contextmanager
def _at_hand(folder: Path | str) -> Iterator[tuple[Path, Callable[[], None]]]:
    """Give ``folder``, of an object store in outline, and what looks there anew."""
    if isinstance(folder, Path):
        yield folder, lambda: None
    else:
        with outlined(folder) as there:
            yield there.path, there.look


@dataclass(frozen=True)
class _Seen:
    """What a look at a folder found, for a program and for people, and whether that is all there will be."""

    facts: dict[str, Any]
    lines: list[str]
    finished: bool


def _say(look: Callable[[], _Seen], refresh: Callable[[], None], interval: float | None, *, json: bool) -> None:
    """Say what is done; with an ``interval`` in seconds, again and again, after a ``refresh`` of the folder each."""
    drawn = 0
    while True:
        seen = look()
        if json:
            print(dumps(seen.facts, ensure_ascii=False), flush=True)
        elif interval is not None:
            drawn = _draw(seen, drawn)
        else:
            print("\n".join(seen.lines))
        if interval is None or seen.finished:
            return
        time.sleep(interval)
        refresh()


def _looker(folder: Path) -> Callable[[], _Seen]:
    """Return what looks at ``folder`` again and again."""
    return partial(_see_experiment, folder) if (folder / EXPERIMENT).exists() else partial(_see_parts, folder, {})


def _see_parts(folder: Path, watchers: dict[Path, Watcher]) -> _Seen:
    found = _look(folder, watchers)
    finished = all(status["finished"] for status in found.values()) and to_come(folder, found) is None
    facts = found.get(folder, {part.name: status for part, status in found.items()})
    return _Seen(facts, _lines(folder, found), finished)


def _look(folder: Path, watchers: dict[Path, Watcher]) -> dict[Path, dict[str, Any]]:
    """Look at the parts that ``folder`` has by now: in a run of a recipe one comes after the other."""
    parts = begun_parts_of(folder)
    watchers.update({part: Watcher(part) for part in parts if part not in watchers})
    return {part: watchers[part].look() for part in parts}


def _see_experiment(folder: Path) -> _Seen:
    runs = experiment_status(folder)
    pending = [run["name"] for run in _pending_of(runs)]
    lines = [f"{len(runs) - len(pending)} of {len(runs)} runs done"]
    for run in runs:
        done = f"{run['done']:,} of {run['steps']:,} steps done" if run["steps"] else "not begun"
        scored = f"; scored: {', '.join(['held out', *run['tasks']])}" if run["scored"] else ""
        failed = f"; failed: {run['failed']}" if "failed" in run else ""
        lines.append(f"{run['name']:<28}{done}{scored}{failed}")
    return _Seen({"runs": runs, "done": len(runs) - len(pending), "pending": pending}, lines, not pending)


def _pending_of(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [run for run in runs if not (run["finished"] and run["scored"])]


def _print_pending(folder: Path, num_shards: int | None) -> None:
    """Print which tasks of an array of ``num_shards`` have something to do; where it is None, of one with a task for
    each shard, or for each model of an experiment."""
    if (folder / EXPERIMENT).exists():
        pending = [run["task"] for run in _pending_of(experiment_status(folder))]
    else:
        pending = _pending_shards(folder)
    print(_ranges(sorted({number % num_shards if num_shards else number for number in pending})))
    raise click.exceptions.Exit(3 if pending else 0)


def _pending_shards(folder: Path) -> list[int]:
    found = _look(folder, {})
    status = found.get(folder, {})
    if "pending" not in status:
        hint = f"name one of {', '.join(map(str, found))}" if found else "nothing is begun yet"
        raise UsageError(f"{folder}: has no shards of its own", hint=hint)
    pending: list[int] = status["pending"]
    return pending


def _draw(seen: _Seen, drawn: int) -> int:
    """Write over the ``drawn`` rows of the last time on a terminal; elsewhere write one line, with the time.

    Returns how many rows are to be written over: as many as the terminal shows of it.
    """
    if not sys.stdout.isatty():
        print(f"{clock(time.time())} {' | '.join(seen.lines)}", flush=True)
        return 0
    size = os.get_terminal_size(sys.stdout.fileno())
    rows = [row for line in seen.lines for row in _rows(line, size.columns or 80)]
    if not seen.finished:  # what went past the top can never be written over
        rows = rows[: (size.lines or 24) - 1]
    print((f"\x1b[{drawn}F\x1b[J" if drawn else "") + "\n".join(rows), flush=True)
    return len(rows)


def _rows(text: str, width: int) -> Iterator[str]:
    """Yield ``text`` in pieces that each fit in a row of ``width`` columns, of which a Chinese character takes two."""
    for line in text.expandtabs().splitlines():
        row, used = "", 0
        for character in line:
            used += columns(character)
            if used > width:
                yield row
                row, used = "", columns(character)
            row += character
        yield row


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
        parts += [f"missing: {_short(_ranges(status['pending']))}"]
        parts += [f"{'last done' if status['done'] else 'begun'} at {status['heard']}"]
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
