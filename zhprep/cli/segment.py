"""``zhprep segment``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from zhprep.cli.delivery import Delivering
from zhprep.cli.inputs import input_options, read_lines, take_read_config
from zhprep.cli.options import Existing, config_options, read_config
from zhprep.cli.shared import RECIPE, Shared, shared_options, split_shared
from zhprep.cli.text_stage import OUTPUT, SCORE, run_text_stage, show_scores
from zhprep.core.report import Report
from zhprep.recipes import load_recipe
from zhprep.run.chain import Chain
from zhprep.run.check import check_segmenter
from zhprep.segment import SegmentConfig, Segmenter
from zhprep.segment.score import score


@click.command(cls=Delivering)
@input_options
@OUTPUT
@RECIPE
@SCORE
@click.option(
    "--training-words",
    metavar="FILE",
    type=Existing(),
    help="With --score: the words known from training, one a line; all others are out of vocabulary.",
)
@config_options(SegmentConfig)
@shared_options("work", "trust", "array", "drop")
def command(
    inputs: tuple[str, ...],
    output: str | None,
    recipe: str | None,
    gold: Path | None,
    training_words: Path | None,
    **options: Any,
) -> None:
    """Find the words of sentences.

    As text, words are separated by one space and a space in the text is shown as ▁, so nothing is lost. `--score` gives
    precision, recall, F1 and the recall of unknown words as the SIGHAN bakeoffs define them.
    """
    shared, options = split_shared(options)
    read = take_read_config(options)
    sections = load_recipe(recipe) if recipe else {}
    config = read_config(SegmentConfig, options, sections.get("segment"), where="[segment]")
    check_segmenter(config)
    if gold is not None:
        _score(gold, config, training_words, shared)
        return
    run_text_stage(
        inputs, read, lambda table, lines: Chain("words", table, lines, segment=config), output, shared, "segment"
    )


def _score(gold: Path, config: SegmentConfig, training_words: Path | None, shared: Shared) -> None:
    report = Report()
    known = None if training_words is None else str(training_words)
    report.scores = score(Segmenter(config), read_lines(gold), training_words=known)
    report.account.count(sentences=report.scores["sentences_scored"])
    show_scores(report, ("precision", "recall", "f1", "oov_rate", "oov_recall"), shared)
