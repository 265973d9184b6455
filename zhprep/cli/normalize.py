"""``zhprep normalize``."""

from __future__ import annotations

from typing import Any

import click

from zhprep.cli.delivery import Delivering
from zhprep.cli.inputs import input_options, take_read_config
from zhprep.cli.options import config_options, read_config
from zhprep.cli.shared import RECIPE, shared_options, split_shared
from zhprep.cli.text_stage import OUTPUT, run_text_stage
from zhprep.normalize import NormalizeConfig
from zhprep.recipes import load_recipe
from zhprep.run.chain import Chain


@click.command(cls=Delivering)
@input_options
@OUTPUT
@RECIPE
@config_options(NormalizeConfig)
@shared_options("work", "trust", "array", "drop")
def command(inputs: tuple[str, ...], output: str | None, recipe: str | None, **options: Any) -> None:
    """Clean text and split it into sentences.

    Every character dropped or changed is counted by reason. `zcat x.txt.gz | zhprep normalize | zhprep segment`
    works on a stream of any length.
    """
    shared, options = split_shared(options)
    read = take_read_config(options)
    sections = load_recipe(recipe) if recipe else {}
    config = read_config(NormalizeConfig, options, sections.get("normalize"), where="[normalize]")
    run_text_stage(
        inputs, read, lambda table, lines: Chain("text", table, lines, normalize=config), output, shared, "normalize"
    )
