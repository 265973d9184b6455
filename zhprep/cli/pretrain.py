"""``zhprep pretrain``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from zhprep.cli.delivery import Fetching
from zhprep.cli.options import ExistingAnywhere, config_options, read_config
from zhprep.cli.outputs import folder_output
from zhprep.cli.shared import shared_options, show_report, split_shared
from zhprep.core.errors import UsageError
from zhprep.core.registry import require_training
from zhprep.core.shards import Claim, read_manifest
from zhprep.pretrain.config import PretrainConfig
from zhprep.recipes import load_recipe, recipe_names
from zhprep.run.check import check_model
from zhprep.run.instances import VOCABULARY


@click.command(cls=Fetching)
@click.argument("data", nargs=-1, required=True, type=ExistingAnywhere(), metavar="DATA...")
@click.option("-o", "--output", metavar="RUN", required=True, help="The folder of the run.")
@click.option(
    "--recipe", help="A recipe or a .toml file  [default: the one DATA was made with, if it is bundled, else bert]"
)
@click.option(
    "--resume/--no-resume", default=True, help="Go on from the last checkpoint, if there is one  [default: resume]"
)
@click.option("--overwrite", is_flag=True, help="Begin the run again.")
@config_options(PretrainConfig)
@shared_options("trust")
def command(
    data: tuple[Path, ...], output: str, recipe: str | None, resume: bool, overwrite: bool, **options: Any
) -> None:
    """Train an encoder on instances.

    Clean instances are masked anew in every epoch. The folder loads with transformers where it has such models.
    `--stop-after N` and `--time-limit 11h50m` stop with a checkpoint and exit 85; the same command goes on, to the same
    weights. A recipe with phases takes a DATA for each, in their order.
    """
    require_training("pretrain")
    from zhprep.pretrain.run import pretrain

    shared, options = split_shared(options)
    manifest, run = read_manifest(data[0], "instances"), folder_output(output)
    made_with = manifest["recipe"] if manifest.get("recipe") in recipe_names() else "bert"
    sections = load_recipe(recipe or made_with, size=options["size"])
    config = read_config(PretrainConfig, options, sections.get("pretrain"), where="[pretrain]")
    if "model" not in sections:
        raise UsageError(
            f"recipe {recipe or made_with!r} describes data only: it has no [model]",
            hint="train with another (--recipe bert), or with a .toml of your own that has one",
        )
    model = sections["model"]
    check_model(model, config.size)
    with Claim(run):
        report = pretrain(
            data, run, model, config, vocabulary=data[-1] / VOCABULARY,
            overwrite=overwrite or not resume, progress=shared.progress("pretrain"),
        )  # fmt: skip
    show_report(report, shared)
