"""``zhprep pretrain``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from zhprep.cli.options import config_options, read_config
from zhprep.cli.shared import shared_options, show_report, split_shared
from zhprep.core.shards import read_manifest
from zhprep.pretrain.config import PretrainConfig
from zhprep.pretrain.run import pretrain
from zhprep.recipes import load_recipe
from zhprep.run.instances import VOCABULARY


@click.command()
@click.argument("data", type=click.Path(path_type=Path), metavar="DATA")
@click.option(
    "-o",
    "--output",
    "run",
    type=click.Path(path_type=Path),
    metavar="RUN",
    required=True,
    help="The folder of the run.",
)
@click.option("--recipe", help="A recipe or a .toml file  [default: the one DATA was made with, else bert]")
@click.option(
    "--resume/--no-resume", default=True, help="Go on from the last checkpoint, if there is one  [default: resume]"
)
@click.option("--overwrite", is_flag=True, help="Begin the run again.")
@config_options(PretrainConfig)
@shared_options()
def command(data: Path, run: Path, recipe: str | None, resume: bool, overwrite: bool, **options: Any) -> None:
    """Train an encoder on instances.

    Clean instances are masked anew in every epoch. The folder loads with transformers. `--stop-after N` and
    `--time-limit 11h50m` stop with a checkpoint and exit 85; the same command goes on, to the same weights.
    """
    shared, options = split_shared(options)
    manifest = read_manifest(data, "instances")
    sections = load_recipe(recipe or manifest.get("recipe") or "bert", size=options["size"])
    config = read_config(PretrainConfig, options, sections.get("pretrain"), where="[pretrain]")
    report = pretrain(
        data,
        run,
        sections.get("model", {}),
        config,
        vocabulary=data / VOCABULARY,
        overwrite=overwrite or not resume,
        progress=shared.progress("pretrain"),
    )
    show_report(report.as_dict(), shared)
