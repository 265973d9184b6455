"""What commands share: their flags, how they report, and the budgets they keep."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import click

from zhprep.cli.arrays import shard_index
from zhprep.cli.options import Name, ParamType
from zhprep.cli.show import report_lines
from zhprep.core.errors import UsageError
from zhprep.core.progress import Progress, event_line
from zhprep.core.report import Report
from zhprep.run.notes import notes_of

EXECUTOR_NAMES = ("processes", "ray", "inline")
ON_KILL = ("fail", "skip")
WAITING = "zhprep.report"
"""Where the context of a command keeps what is to be shown when its output is put: what :func:`once_put` was given."""

RECIPE = click.option("--recipe", metavar="NAME|FILE", help="Take the settings of a recipe; flags go before it.")

_UNITS = "kmgt"


class Size(ParamType):
    """A number of bytes: of ``64MiB`` each is 2^20, of ``64MB`` and ``64M`` 10^6, as in what is shown to people."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number of bytes."""
        match = re.fullmatch(rf"(\d+)\s*(?:([{_UNITS}])(i?))?b?", str(value).strip().lower())
        if not match or int(match[1]) == 0:
            self.fail(f"{value!r} is not a size; write 64MiB, 64MB or a number of bytes", param, ctx)
        power = _UNITS.index(match[2]) + 1 if match[2] else 0
        return int(match[1]) * int((1024 if match[3] else 1000) ** power)


class Share(click.FloatRange):
    """A number from 0 to 1."""

    def __init__(self) -> None:
        super().__init__(0, 1)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the share; NaN, which is in no range and out of none, is refused."""
        share: float = super().convert(value, param, ctx)
        if math.isnan(share):
            self.fail("nan is not a share; write a number from 0 to 1", param, ctx)
        return share


@dataclass(frozen=True)
class Shared:
    """The shared flags of a command, as given."""

    quiet: bool = False
    log_json: bool = False
    json: bool = False
    workers: int | None = None
    overwrite: bool = False
    executor: str = "processes"
    shard_index: int | None = None
    num_shards: int | None = None
    block_size: int | None = None
    on_kill: str = "fail"
    max_unk_rate: float | None = None
    max_drop_rate: float | None = None
    started: float = field(default_factory=time.perf_counter)

    def progress(self, label: str) -> Progress:
        """Return how progress is shown."""
        return Progress(label, "json" if self.log_json else "quiet" if self.quiet else "auto")

    def n_workers(self) -> int:
        """Return ``--workers``, else what Slurm gives this task, else the cores of this process; for Ray, no bound."""
        if self.workers is not None:
            return self.workers
        if self.executor == "ray":
            return sys.maxsize
        given = os.environ.get("SLURM_CPUS_PER_TASK", "")
        return int(given) if given.isdigit() and int(given) else len(os.sched_getaffinity(0))

    def shard(self) -> tuple[int, int]:
        """Return ``(index, number)`` of this task of an array; ``(0, 1)`` when there is no array.

        The number is never taken from the submission: a resubmission of a few tasks has another.
        """
        if self.num_shards is None:
            if self.shard_index is not None:
                raise UsageError("--shard-index needs --num-shards", hint="give the number of tasks of the whole array")
            return 0, 1
        index = self.shard_index if self.shard_index is not None else shard_index(self.num_shards)
        if not 0 <= index < self.num_shards:
            raise UsageError(
                f"--shard-index is {index}; with --num-shards {self.num_shards} it is 0 to {self.num_shards - 1}",
                hint="give each task its number among all, counted from 0",
            )
        return index, self.num_shards


def shared_options(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that adds reporting flags and the groups named: ``work``, ``array``, ``drop``, ``unk``."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for group in ("report", *names):
            for option in reversed(_OPTIONS[group]):
                function = option(function)
        return function

    return decorate


def split_shared(options: dict[str, Any]) -> tuple[Shared, dict[str, Any]]:
    """Take the shared flags out of a command's options; return them and the rest."""
    mine = {name: options[name] for name in Shared.__dataclass_fields__ if name in options}
    rest = {name: value for name, value in options.items() if name not in mine}
    return Shared(**mine), rest


def show_report(report: Report, shared: Shared) -> None:
    """Print a command's report: one JSON object on stdout with ``--json``, a few lines on stderr.

    The time is that since the command began.
    """
    report.started = min(report.started, shared.started)
    report.notes += notes_of(report.account)
    once_put(lambda address: _print_report(dataclasses.replace(report, output=address or report.output), shared))


def once_put(show: Callable[[str], object]) -> None:
    """Call ``show``, now; or, where what was made is still to be put into an object store, then, with its address."""
    waiting = click.get_current_context().meta.get(WAITING)
    if waiting is None:
        show("")
    else:
        waiting[:] = [show]


def _print_report(report: Report, shared: Shared) -> None:
    facts = report.as_dict()
    if shared.json:
        print(json.dumps(facts, ensure_ascii=False))
    if shared.log_json:
        print(event_line("report", click.get_current_context().info_name or "", **facts), file=sys.stderr)
    elif not shared.quiet:
        for line in report_lines(facts):
            print(line, file=sys.stderr)


def _trust(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        from zhprep.core.shards import trusting

        ctx.with_resource(trusting())


def _ray_address(_ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value:
        os.environ["RAY_ADDRESS"] = value  # where Ray itself looks for it


def _option(flag: str, kind: Any, text: str, **settings: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(flag, type=kind, help=text, **settings)


_OPTIONS: dict[str, list[Callable[[Callable[..., Any]], Callable[..., Any]]]] = {
    "report": [
        click.option("--quiet", is_flag=True, help="Nothing on stderr but errors."),
        click.option("--log-json", is_flag=True, help="Progress and report as JSON lines on stderr."),
        click.option("--json", is_flag=True, help="The report as one JSON object on stdout."),
    ],
    "work": [
        _option("--workers", click.IntRange(1), "Processes  [default: SLURM_CPUS_PER_TASK, else the cores]"),
        click.option(
            "--overwrite",
            is_flag=True,
            help="Write over an output file; begin an output folder again.",
        ),
        _option("--executor", Name(EXECUTOR_NAMES), "Engine  [default: processes]", default="processes"),
        _option(
            "--ray-address",
            str,
            "Where the Ray cluster is; `local` starts one here  [default: RAY_ADDRESS, else the one that runs here]",
            expose_value=False,
            callback=_ray_address,
        ),
        _option(
            "--on-kill",
            Name(ON_KILL),
            "What to do with a document that kills whatever works on it  [default: fail, when the others are done]",
            default="fail",
        ),
        _option(
            "--block-size", Size(), "Text in a block, which makes a shard  [default: 64MiB, less for a small corpus]"
        ),
    ],
    "array": [
        _option(
            "--shard-index", click.IntRange(0), "This task of an array  [default: SLURM_ARRAY_TASK_ID and its like]"
        ),
        _option("--num-shards", click.IntRange(1), "Tasks in the whole array."),
    ],
    "trust": [
        _option(
            "--trust",
            None,
            "Take shards for what their size says, without a look at their bytes.",
            is_flag=True,
            expose_value=False,
            callback=_trust,
        )
    ],
    "drop": [_option("--max-drop-rate", Share(), "Fail when more than this share is dropped.")],
    "unk": [_option("--max-unk-rate", Share(), "Fail when more than this share of tokens is unknown.")],
}
