"""``zhprep make-instances``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from zhprep.cli.inputs import input_options, planned, take_read_config
from zhprep.cli.options import config_options, read_config
from zhprep.cli.shared import shared_options, show_report, split_shared
from zhprep.cli.text_stage import job_output
from zhprep.core.report import check_budgets
from zhprep.instances import InstancesConfig
from zhprep.normalize import NormalizeConfig
from zhprep.recipes import load_recipe
from zhprep.run.chain import Chain
from zhprep.run.instances import MakeInstances, make_instances
from zhprep.segment import SegmentConfig
from zhprep.vocab import load


@click.command()
@input_options
@click.option("--vocab", metavar="VOCAB", required=True, help="The vocabulary folder.")
@click.option("-o", "--output", metavar="DATA", required=True, help="The folder of instances.")
@click.option("--recipe", help="Take the settings of a recipe; flags go before it.")
@click.option("--cws", help="Segmenter  [default: jieba]")
@click.option("--static/--dynamic", default=None, help="Mask on disk, or leave it to the loader  [default: dynamic]")
@config_options(InstancesConfig, skip=("static",))
@shared_options("work", "array", "budget")
def command(
    inputs: tuple[str, ...], vocab: str, output: str, recipe: str | None, cws: str | None, **options: Any
) -> None:
    """Make training instances out of text.

    Accepts raw text and text, words or pinyin tables, and does the stages that are still missing. The folder is a Hugging
    Face dataset on disk. `--dynamic` data are masked when batches are made, by the same function and the same draws.
    """
    shared, options = split_shared(options)
    read = take_read_config(options)
    sections = load_recipe(recipe) if recipe else {}
    config = read_config(InstancesConfig, options, sections.get("instances"), where="[instances]")
    load(vocab)  # a folder without a tokenizer is told before anything is read
    normalize = read_config(NormalizeConfig, {}, sections.get("normalize"), where="[normalize]")
    segment = read_config(SegmentConfig, {"cws": cws}, sections.get("segment"), where="[segment]")
    with planned(inputs, read, Path(output), shared.block_size) as corpus:
        lines = corpus.inputs[0].format in ("text", "jsonl")
        table = max("words", corpus.table, key=("text", "words", "pinyin").index)
        task = MakeInstances(Chain(table, corpus.table, lines, normalize, segment), config, Path(vocab), recipe or "")
        report = make_instances(corpus, task, job_output(Path(output), shared, "make-instances"))
    check_budgets(report.account, max_drop_rate=shared.max_drop_rate, max_unk_rate=shared.max_unk_rate)
    show_report(report.as_dict(), shared)
