"""``zhprep render-glyphs``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from zhprep.cli.options import Existing, config_options, read_config
from zhprep.cli.outputs import folder_output
from zhprep.cli.shared import RECIPE, shared_options, show_report, split_shared
from zhprep.core.progress import showing
from zhprep.glyphs import GlyphsConfig
from zhprep.recipes import load_recipe
from zhprep.run.glyphs import render_glyphs


@click.command()
@click.option("--vocab", metavar="VOCAB", type=Existing(), required=True, help="The vocabulary folder.")
@click.option("-o", "--output", metavar="DIR", help="Where to put it  [default: VOCAB]")
@RECIPE
@config_options(GlyphsConfig)
@click.option("--overwrite", is_flag=True, help="Write over images that are there.")
@shared_options()
def command(vocab: Path, output: str | None, recipe: str | None, **options: Any) -> None:
    """Draw what each vocabulary entry looks like.

    Writes glyphs.npy, uint8 [V, fonts, size, size], the same to the byte on any machine, and glyphs.json, which says
    for every row which face drew it or why none did.
    """
    shared, options = split_shared(options)
    sections = load_recipe(recipe) if recipe else {}
    config = read_config(GlyphsConfig, options, sections.get("glyphs"), where="[glyphs]")
    folder = folder_output(output) if output else vocab
    with showing(shared.progress("render-glyphs")):
        report = render_glyphs(vocab, folder, config, overwrite=shared.overwrite)
    show_report(report, shared)
