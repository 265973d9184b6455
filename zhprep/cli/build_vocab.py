"""``zhprep build-vocab``."""

from __future__ import annotations

from typing import Any

import click

from zhprep.cli.delivery import Delivering
from zhprep.cli.inputs import input_options, planned, take_read_config
from zhprep.cli.options import config_options, read_config
from zhprep.cli.outputs import folder_output
from zhprep.cli.shared import RECIPE, shared_options, show_report, split_shared
from zhprep.cli.text_stage import job_output
from zhprep.core.config import as_dict
from zhprep.core.errors import UsageError
from zhprep.core.report import check_budgets
from zhprep.normalize import NormalizeConfig
from zhprep.recipes import load_recipe
from zhprep.run.ahead import Ahead
from zhprep.run.chain import Chain
from zhprep.run.check import check_segmenter
from zhprep.run.vocabulary import build_vocabulary
from zhprep.segment import SegmentConfig
from zhprep.vocab import TYPES, VocabConfig, load
from zhprep.vocab.patch import config_of

_OF_NEW = (
    "size", "multiple_of", "unused", "min_frequency", "min_count", "char_coverage", "continue_all", "max_length",
)  # fmt: skip
"""Knobs of a vocabulary that is built; of one that is patched the entries are there, and their number stays."""


@click.command(cls=Delivering)
@input_options
@click.option("-o", "--output", metavar="VOCAB", required=True, help="The vocabulary folder, or its address.")
@RECIPE
@config_options(VocabConfig)
@click.option(
    "--patch",
    "old",
    metavar="OLD",
    help="Fill the [unusedN] slots of a vocabulary with what it lacks; all its ids stay.",
)
@click.option("--cws", help="Segmenter, for the types that are made of words  [default: jieba]")
@shared_options("work", "trust", "array", "drop")
def command(
    inputs: tuple[str, ...], output: str, recipe: str | None, old: str | None, cws: str | None, **options: Any
) -> None:
    """Learn a vocabulary and write it as a tokenizer.

    Input may be raw text or any table. The folder loads with tokenizers and with transformers; Chinese characters
    never get `##` entries.
    """
    shared, options = split_shared(options)
    read = take_read_config(options)
    if old:
        _check_patch(options)
    patched = load(old) if old else None
    sections = load_recipe(recipe) if recipe else {}
    of_recipe = as_dict(config_of(patched)) if patched else sections.get("vocab")
    config = read_config(VocabConfig, options, of_recipe, where="[vocab]")
    normalize = read_config(NormalizeConfig, {}, sections.get("normalize"), where="[normalize]")
    segment = read_config(SegmentConfig, {"cws": cws}, sections.get("segment"), where="[segment]")
    check_segmenter(segment)
    there = job_output(folder_output(output), shared, "build-vocab")
    table = "words" if TYPES[config.type].by_word == "required" or cws else "text"
    stages: dict[str, Any] = {"normalize": normalize, "segment": segment}
    ahead = Ahead(Chain(table, "text", lines=True, **stages))
    with planned(inputs, read, there.path, shared, ahead) as corpus:
        chain = ahead.instead_of(Chain.over(corpus, table, **stages))
        report = build_vocabulary(corpus, chain, config, there, old=patched)
    check_budgets(report.account, max_drop_rate=shared.max_drop_rate, max_unk_rate=None)
    show_report(report, shared)


def _check_patch(options: dict[str, Any]) -> None:
    """Raise ``UsageError`` for the first flag that says how to build a vocabulary, where an old one is patched."""
    for name in _OF_NEW:
        if options[name] is not None:
            flag = "--" + name.replace("_", "-")
            raise UsageError(f"{flag} does not go with --patch", hint="the old vocabulary keeps its size; leave it out")
