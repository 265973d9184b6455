"""``zhprep render-glyphs``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from zhprep.cli.options import Existing, config_options, read_config
from zhprep.cli.shared import shared_options, show_report, split_shared
from zhprep.core.corpus.inputs import file_sha256
from zhprep.core.report import Report
from zhprep.glyphs import GlyphsConfig, build, entries_of, save
from zhprep.vocab import load


@click.command()
@click.option("--vocab", metavar="VOCAB", type=Existing(), required=True, help="The vocabulary folder.")
@click.option(
    "-o", "--output", metavar="DIR", type=click.Path(path_type=Path), help="Where to put it  [default: VOCAB]"
)
@config_options(GlyphsConfig)
@shared_options()
def command(vocab: Path, output: Path | None, **options: Any) -> None:
    """Draw what each vocabulary entry looks like.

    Writes glyphs.npy, uint8 [V, fonts, size, size], the same to the byte on any machine, and glyphs.json, which says
    for every row which face drew it or why none did.
    """
    shared, options = split_shared(options)
    vocabulary = load(vocab)
    folder = output or vocab
    report = Report(output=str(folder / "glyphs.npy"))
    rendered = build(read_config(GlyphsConfig, options), entries_of(vocabulary), specials=vocabulary.specials)
    folder.mkdir(parents=True, exist_ok=True)
    record = save(rendered, vocabulary.tokens, folder)
    report.content_sha256 = file_sha256(folder / "glyphs.npy")
    report.scores = {"shape": record["shape"], "channels": record["channels"]}
    show_report(report, shared)
