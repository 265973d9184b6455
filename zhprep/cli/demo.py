"""``zhprep demo``."""

from __future__ import annotations

from typing import Any

import click

from zhprep.cli.outputs import folder_output
from zhprep.cli.run import make_run
from zhprep.cli.shared import shared_options, show_report, split_shared
from zhprep.core.bundled import bundled
from zhprep.core.corpus import ReadConfig, find_inputs, scan
from zhprep.run.recipe import run_recipe


@click.command()
@click.option("-o", "--output", metavar="DIR", default="demo", help="Where to put it  [default: demo]")
@click.option("--steps", type=click.IntRange(1), help="Steps of pretraining  [default: 400]")
@shared_options("work", "trust")
def command(output: str, steps: int | None, **options: Any) -> None:
    """Do the whole pipeline on the bundled sample data.

    About 40,000 characters and two tasks, written for this project: enough to see every stage work, in about a minute.
    """
    shared, _ = split_shared(options)
    data, folder = bundled("sample_data"), folder_output(output)
    tasks = tuple(sorted(path for path in (data / "tasks").iterdir() if path.is_dir()))
    run = make_run(str(data / "demo.toml"), folder, shared, size="tiny", steps=steps, tasks=tasks)
    corpus = scan(find_inputs((str(data / "corpus"),)), ReadConfig(), block_size=shared.block_size)
    report = run_recipe(run, corpus)
    show_report(report, shared)
