"""``zhprep segment``."""

from __future__ import annotations

from typing import Any

import click

from zhprep.cli.inputs import input_options, take_read_config
from zhprep.cli.options import config_options, read_config
from zhprep.cli.shared import shared_options, split_shared
from zhprep.cli.text_stage import run_text_stage
from zhprep.run.chain import Chain
from zhprep.segment import SegmentConfig


@click.command()
@input_options
@click.option("-o", "--output", metavar="OUT", help="A .txt, .jsonl or .arrow file, or a folder of shards  [default: text on stdout]")
@config_options(SegmentConfig)
@shared_options("work", "array", "budget")
def command(inputs: tuple[str, ...], output: str | None, **options: Any) -> None:
    """Find the words of sentences.

    As text, words are separated by one space and a space in the text is shown as ▁, so nothing is lost.
    """
    shared, options = split_shared(options)
    read = take_read_config(options)
    config = read_config(SegmentConfig, options)
    run_text_stage(inputs, read, lambda table, lines: Chain("words", table, lines, segment=config), output, shared, "segment")
