"""``zhprep build-vocab``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from zhprep.cli.inputs import input_options, planned, take_read_config
from zhprep.cli.options import config_options, read_config
from zhprep.cli.shared import shared_options, show_report, split_shared
from zhprep.cli.text_stage import job_output
from zhprep.core.report import check_budgets
from zhprep.normalize import NormalizeConfig
from zhprep.run.chain import Chain
from zhprep.run.vocabulary import build_vocabulary
from zhprep.segment import SegmentConfig
from zhprep.vocab import TYPES, VocabConfig


@click.command()
@input_options
@click.option("-o", "--output", metavar="VOCAB", required=True, help="The vocabulary folder.")
@config_options(VocabConfig)
@click.option("--cws", default=None, help="Segmenter, for the types that are made of words  [default: jieba]")
@shared_options("work", "array", "budget")
def command(inputs: tuple[str, ...], output: str, cws: str | None, **options: Any) -> None:
    """Learn a vocabulary and write it as a tokenizer.

    Input may be raw text or any table. The folder loads with tokenizers and with transformers; Chinese characters
    never get `##` entries.
    """
    shared, options = split_shared(options)
    read = take_read_config(options)
    config = read_config(VocabConfig, options)
    with planned(inputs, read, Path(output), shared.block_size) as corpus:
        wanted = "words" if TYPES[config.type].by_word == "required" or cws else "text"
        lines = corpus.inputs[0].format in ("text", "jsonl")
        table = max(wanted, corpus.table, key=("text", "words", "pinyin").index)
        chain = Chain(table, corpus.table, lines, NormalizeConfig(), SegmentConfig(cws=cws or "jieba"))
        report = build_vocabulary(corpus, chain, config, job_output(Path(output), shared, "build-vocab"))
    check_budgets(report.account, max_drop_rate=shared.max_drop_rate, max_unk_rate=None)
    show_report(report.as_dict(), shared)
