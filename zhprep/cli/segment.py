"""``zhprep segment``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from zhprep.cli.inputs import input_options, take_read_config
from zhprep.cli.options import config_options, read_config
from zhprep.cli.shared import Shared, shared_options, show_report, split_shared
from zhprep.cli.text_stage import run_text_stage
from zhprep.core.corpus.inputs import describe, open_text
from zhprep.core.report import Report
from zhprep.run.chain import Chain
from zhprep.segment import SegmentConfig, load_engine
from zhprep.segment.score import score


@click.command()
@input_options
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    help="A .txt, .jsonl or .arrow file, or a folder of shards  [default: text on stdout]",
)
@click.option(
    "--score",
    "gold",
    metavar="GOLD",
    type=click.Path(path_type=Path),
    help="Compare with a file of gold words and print scores; no INPUT is read.",
)
@click.option(
    "--training-words",
    metavar="FILE",
    help="With --score: the words known from training, one a line; all others are out of vocabulary.",
)
@config_options(SegmentConfig)
@shared_options("work", "array", "budget")
def command(
    inputs: tuple[str, ...], output: str | None, gold: Path | None, training_words: str | None, **options: Any
) -> None:
    """Find the words of sentences.

    As text, words are separated by one space and a space in the text is shown as ▁, so nothing is lost. `--score` gives
    precision, recall, F1 and the recall of unknown words as the SIGHAN bakeoffs define them.
    """
    shared, options = split_shared(options)
    read = take_read_config(options)
    config = read_config(SegmentConfig, options)
    if gold is not None:
        _score(gold, config, training_words, shared)
        return
    run_text_stage(
        inputs, read, lambda table, lines: Chain("words", table, lines, segment=config), output, shared, "segment"
    )


def _score(gold: Path, config: SegmentConfig, training_words: str | None, shared: Shared) -> None:
    report = Report(output="")
    with open_text(describe(str(gold))) as stream:
        lines = stream.read().decode().split("\n")
    report.scores = score(load_engine(config), lines, training_words=training_words)
    if not shared.json:
        print("  ".join(f"{name} {report.scores[name]:.4f}" for name in ("precision", "recall", "f1")))
        if report.scores["oov_recall"] is not None:
            print(f"oov_rate {report.scores['oov_rate']:.4f}  oov_recall {report.scores['oov_recall']:.4f}")
    report.account.count(sentences=report.scores["sentences_scored"])
    show_report(report.as_dict(), shared)
