"""``zhprep experiment``."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Any

import click

from zhprep.cli.inputs import input_options, planned, take_read_config
from zhprep.cli.options import Existing, Listed
from zhprep.cli.outputs import folder_output
from zhprep.cli.run import SIZES
from zhprep.cli.shared import Shared, shared_options, show_report, split_shared
from zhprep.cli.text_stage import job_output
from zhprep.core.errors import UsageError
from zhprep.core.registry import require_training
from zhprep.core.stopping import parse_duration
from zhprep.experiment.grid import Site
from zhprep.experiment.plan import ExperimentPlan, load_plan, plan_names, plan_text
from zhprep.experiment.running import Experiment, run_experiment

_WIDTH = 22


@click.command()
@click.argument("plan", required=False)
@input_options
@click.option("-o", "--output", metavar="DIR", help="The folder of everything that is made.")
@click.option("--size", "sizes", type=Listed(click.STRING), help=f"{SIZES}; several with commas  [default: the plan's]")
@click.option("--seeds", type=Listed(click.INT), help="Seeds, with commas  [default: the plan's]")
@click.option("--steps", type=click.IntRange(1), help="Steps of the first variant  [default: the plan's]")
@click.option(
    "--task", "tasks", metavar="DIR", multiple=True, type=Existing(), help="A task to fine-tune on; may be given again."
)
@click.option("--time-limit", metavar="TIME", help="Stop after this time, exit 85: 11h50m, 30m, 90s.")
@click.option("--list", "listing", is_flag=True, help="List the plans that there are, or the runs of PLAN.")
@click.option("--show", is_flag=True, help="Print PLAN as it is written.")
@shared_options("work", "array", "trust")
def command(plan: str | None, inputs: tuple[str, ...], output: str | None, **options: Any) -> None:
    """Run a grid of variants, sizes and seeds, and compare them.

    PLAN is one of those that travel with zhprep or a .toml file: variants (recipes and what differs), sizes, seeds, and
    one budget. All are trained on INPUT with as many tokens (or characters), hold out the same documents and do the
    same tasks. What runs share is made once; what is done is kept, so that the same command goes on where it was
    stopped. A run that fails does not end the others. In an array, tasks share out the runs; with --executor ray the
    machines of the cluster do.
    """
    shared, options = split_shared(options)
    listing, show = options.pop("listing"), options.pop("show")
    if listing or show:
        return _print(plan, show=show, options=options)
    if plan is None or output is None:
        what = "PLAN" if plan is None else "-o DIR"
        raise UsageError(f"{what} is missing", hint="zhprep experiment --list says which plans there are")
    require_training("experiment")
    read = take_read_config(options)
    experiment = make_experiment(load_plan(plan), folder_output(output), shared, **options)
    experiment.check()
    with planned(inputs, read, experiment.site.folder, shared) as corpus:
        report = run_experiment(experiment, corpus)
    show_report(report, shared)


def make_experiment(
    plan: ExperimentPlan, folder: Path, shared: Shared, *, sizes: tuple[str, ...] | None, seeds: tuple[int, ...] | None,
    steps: int | None, tasks: tuple[Path, ...], time_limit: str | None,
) -> Experiment:  # fmt: skip
    """Put the flags over a plan."""
    index, number = shared.shard()
    output = dataclasses.replace(job_output(folder, shared, "experiment"), shard_index=0, num_shards=1)
    deadline = None if time_limit is None else time.time() + parse_duration(time_limit)
    return Experiment(
        plan, Site(output, tasks, shared.progress), sizes or plan.grid.sizes, seeds or plan.grid.seeds, steps,
        index, number, deadline, shared.block_size,
    )  # fmt: skip


def _print(plan: str | None, *, show: bool, options: dict[str, Any]) -> None:
    """Print the plans that there are, the runs of one, or its text."""
    if plan is None:
        for name in plan_names():
            found = load_plan(name)
            print(f"{name:<{_WIDTH}}{found.title}\n{'':<{_WIDTH}}{', '.join(found.variants)}")
    elif show:
        print(plan_text(plan), end="")
    else:
        shared = Shared(quiet=True)
        flags = {name: options[name] for name in ("sizes", "seeds", "steps", "tasks", "time_limit")}
        for cell in make_experiment(load_plan(plan), Path("."), shared, **flags).cells:
            print(cell.name)
