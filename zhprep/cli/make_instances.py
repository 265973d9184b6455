"""``zhprep make-instances``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from zhprep.cli.delivery import Delivering
from zhprep.cli.inputs import input_options, planned, take_read_config
from zhprep.cli.options import ExistingAnywhere, config_options, read_config
from zhprep.cli.outputs import folder_output
from zhprep.cli.shared import RECIPE, shared_options, show_report, split_shared
from zhprep.cli.text_stage import job_output
from zhprep.core.report import check_budgets
from zhprep.instances import InstancesConfig
from zhprep.normalize import NormalizeConfig
from zhprep.pinyin import PinyinConfig
from zhprep.recipes import load_recipe
from zhprep.run.ahead import Ahead
from zhprep.run.chain import Chain
from zhprep.run.check import check_instances, check_pinyin, check_segmenter
from zhprep.run.instances import MakeInstances, make_instances, of_parallel_text
from zhprep.segment import SegmentConfig
from zhprep.vocab import load


@click.command(cls=Delivering)
@input_options
@click.option("--vocab", metavar="VOCAB", type=ExistingAnywhere(), required=True, help="The vocabulary folder.")
@click.option("-o", "--output", metavar="DATA", required=True, help="The folder of instances, or its address.")
@RECIPE
@click.option("--static/--dynamic", default=None, help="Mask on disk, or leave it to the loader  [default: dynamic]")
@click.option("--pinyin", metavar="ENGINE", help="Also read pinyin, with this engine: gives pinyin_ids.")
@config_options(SegmentConfig)
@config_options(InstancesConfig, skip=("static",))
@shared_options("work", "trust", "array", "drop", "unk")
def command(
    inputs: tuple[str, ...], vocab: Path, output: str, recipe: str | None, pinyin: str | None, **options: Any
) -> None:
    """Make training instances out of text.

    Accepts raw text and text, words or pinyin tables, and does the stages that are still missing. The folder is a
    Hugging Face dataset on disk. `--dynamic` data are masked when batches are made, by the same function and the
    same draws.
    """
    shared, options = split_shared(options)
    read = take_read_config(options)
    sections = load_recipe(recipe) if recipe else {}
    config = read_config(InstancesConfig, options, sections.get("instances"), where="[instances]")
    normalize = read_config(NormalizeConfig, {}, sections.get("normalize"), where="[normalize]")
    segment = read_config(SegmentConfig, options, sections.get("segment"), where="[segment]")
    sounds = read_config(PinyinConfig, {"engine": pinyin}, sections.get("pinyin"), where="[pinyin]")
    check_instances(config)
    check_pinyin(sounds)
    read, normalize, segment = of_parallel_text(config, read, normalize, segment)
    check_segmenter(segment)
    vocabulary = load(vocab)  # a folder without a tokenizer is told before anything is read
    there = job_output(folder_output(output), shared, "make-instances")
    table = "pinyin" if pinyin or "pinyin" in sections else "words"
    stages: dict[str, Any] = {"normalize": normalize, "segment": segment, "pinyin": sounds}

    def task(chain: Chain) -> MakeInstances:
        return MakeInstances(chain, config, vocab, recipe or "", loaded=vocabulary)

    ahead = Ahead(task(Chain(table, "text", lines=True, **stages)))
    with planned(inputs, read, there.path, shared, ahead) as corpus:
        report = make_instances(corpus, ahead.instead_of(task(Chain.over(corpus, table, **stages))), there)
    check_budgets(report.account, max_drop_rate=shared.max_drop_rate, max_unk_rate=shared.max_unk_rate)
    show_report(report, shared)
