"""``zhprep run``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from zhprep.cli.inputs import input_options, planned, take_read_config
from zhprep.cli.options import Existing
from zhprep.cli.outputs import folder_output
from zhprep.cli.shared import Shared, shared_options, show_report, split_shared
from zhprep.cli.text_stage import job_output
from zhprep.core.report import check_budgets
from zhprep.instances import InstancesConfig
from zhprep.recipes import load_recipe
from zhprep.run.recipe import Run, run_recipe

SIZES = "tiny, mini, small, base, large or one of the recipe's own"


@click.command()
@click.argument("recipe")
@input_options
@click.option("-o", "--output", metavar="DIR", required=True, help="The folder of everything that is made.")
@click.option("--size", default="base", help=f"{SIZES}  [default: base]")
@click.option("--steps", type=click.IntRange(1), help="Steps of pretraining  [default: the recipe's for the size]")
@click.option("--seed", type=int, help="Seed of every random decision  [default: 0]")
@click.option("--vocab", metavar="VOCAB", type=Existing(), help="A vocabulary to use instead of building one.")
@click.option("--vocab-size", type=click.IntRange(6), help="Entries of the vocabulary  [default: the recipe's]")
@click.option("--tags", metavar="FILE", help="Tags of the words of each document, for recipes that learn them (lert).")
@click.option(
    "--task", "tasks", metavar="DIR", multiple=True, type=Existing(), help="A task to fine-tune on; may be given again."
)
@shared_options("work", "trust", "drop", "unk")
def command(recipe: str, inputs: tuple[str, ...], output: str, **options: Any) -> None:
    """Do every stage of a recipe, from raw text to a report.

    Makes DIR/vocab, DIR/data, DIR/held-out (text that models are scored on), DIR/run and DIR/report.html by the same
    stages as the separate commands; what is done already is kept.
    """
    shared, options = split_shared(options)
    read = take_read_config(options)
    run = make_run(recipe, folder_output(output), shared, **options)
    languages = run.config(InstancesConfig, "instances").languages
    read = replace(read, columns=read.columns or ",".join(languages))
    with planned(inputs, read, run.folder, shared) as corpus:
        report = run_recipe(run, corpus)
    check_budgets(report.account, max_drop_rate=shared.max_drop_rate, max_unk_rate=shared.max_unk_rate)
    show_report(report, shared)


def make_run(
    recipe: str, folder: Path, shared: Shared, *, size: str, steps: int | None = None, seed: int | None = None,
    vocab: Path | None = None, vocab_size: int | None = None, tags: str | None = None, tasks: tuple[Path, ...] = (),
    data_alone: bool = False,
) -> Run:  # fmt: skip
    """Put the flags of ``run`` and ``demo`` over a recipe, and check the whole before anything is read.

    ``data_alone`` leaves the model out, and so what only training needs.
    """
    sections = load_recipe(recipe, size=size)
    if data_alone:
        sections = {name: section for name, section in sections.items() if name != "model"}
    seeds = {} if seed is None else {"seed": seed}
    flags: dict[str, dict[str, Any]] = {
        "vocab": {} if vocab_size is None else {"size": vocab_size},
        "instances": {**seeds, **({} if tags is None else {"tags": tags})},
        "pretrain": {"size": size, **seeds, **({} if steps is None else {"steps": steps})},
    }
    run = Run(
        sections, folder, job_output(folder, shared, "run"), size,
        vocab, tasks, flags, shared.progress,
    )  # fmt: skip
    run.check()
    return run
