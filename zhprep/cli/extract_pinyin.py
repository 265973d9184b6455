"""``zhprep extract-pinyin``."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import pyarrow as pa

from zhprep.cli.delivery import Delivering
from zhprep.cli.inputs import input_options, take_read_config
from zhprep.cli.options import config_options, read_config
from zhprep.cli.shared import RECIPE, Shared, shared_options, split_shared
from zhprep.cli.text_stage import OUTPUT, SCORE, run_text_stage, show_scores
from zhprep.core.report import Report
from zhprep.pinyin import PinyinConfig, build
from zhprep.pinyin.score import read_gold, score
from zhprep.recipes import load_recipe
from zhprep.run.chain import Chain
from zhprep.run.check import check_pinyin, check_segmenter
from zhprep.segment import SegmentConfig, Segmenter


@click.command(cls=Delivering)
@input_options
@OUTPUT
@RECIPE
@click.option("--cws", help="Segmenter for text that has no words yet  [default: jieba]")
@click.option("--word-table", metavar="FILE.npz", help="Keep the readings of words, so that a later run begins warm.")
@SCORE
@config_options(PinyinConfig)
@shared_options("work", "trust", "array", "drop")
def command(
    inputs: tuple[str, ...],
    output: str | None,
    recipe: str | None,
    cws: str | None,
    word_table: str | None,
    gold: Path | None,
    **options: Any,
) -> None:
    """Read how each character sounds where it stands.

    One toned syllable per character, over the words of the segmenter; what is not Chinese has none and shifts nothing.
    """
    shared, options = split_shared(options)
    read = take_read_config(options)
    sections = load_recipe(recipe) if recipe else {}
    config = read_config(PinyinConfig, options, sections.get("pinyin"), where="[pinyin]")
    segment = read_config(SegmentConfig, {"cws": cws}, sections.get("segment"), where="[segment]")
    check_segmenter(segment)
    check_pinyin(config)
    if gold is not None:
        _score(gold, config, segment, shared)
        return

    def chain(table: str, lines: bool) -> Chain:
        kept = Path(word_table) if word_table else None
        return Chain("pinyin", table, lines, segment=segment, pinyin=config, word_table=kept)

    run_text_stage(inputs, read, chain, output, shared, "extract-pinyin")


def _score(path: Path, config: PinyinConfig, segment: SegmentConfig, shared: Shared) -> None:
    report = Report()
    gold = read_gold(path)
    words = Segmenter(segment).ends(pa.array(gold.sentences, pa.string()))
    ends = [words.ends[a:b].tolist() for a, b in pairwise(words.offsets.tolist())]
    report.scores = score(gold, build(config).read, ends)
    report.account.count(sentences=len(gold.sentences), characters=sum(map(len, gold.sentences)))
    show_scores(report, ("accuracy", "correct", "rows"), shared)
