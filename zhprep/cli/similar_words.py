"""``zhprep similar-words``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from zhprep.cli.delivery import Delivering
from zhprep.cli.inputs import input_options, planned, take_read_config
from zhprep.cli.options import Existing, config_options, read_config
from zhprep.cli.outputs import file_output
from zhprep.cli.shared import Shared, shared_options, show_report, split_shared
from zhprep.core.errors import UsageError
from zhprep.core.report import Report
from zhprep.core.shards import Claim
from zhprep.instances import similar
from zhprep.instances.similar import SimilarConfig
from zhprep.normalize import NormalizeConfig
from zhprep.run.chain import Chain
from zhprep.run.similar_words import similar_words_of
from zhprep.segment import SegmentConfig


@click.command(cls=Delivering)
@input_options
@click.option("-o", "--output", metavar="FILE", required=True, help="A .tsv of word, similar word, score.")
@click.option("--vectors", type=Existing(), help="A word2vec text file to take the vectors from; no INPUT is read.")
@click.option("--lexicon", type=Existing(), help="A lexicon of synonyms, a group a line; no INPUT is read.")
@click.option("--cws", help="Segmenter  [default: jieba]")
@config_options(SimilarConfig)
@click.option("--show", multiple=True, metavar="WORD", help="Print the neighbours of a word; may be given again.")
@shared_options("work", "trust")
def command(inputs: tuple[str, ...], output: str, show: tuple[str, ...], **options: Any) -> None:
    """Make the table of similar words that MacBERT's masks take.

    From word vectors, from a lexicon of synonyms, or with nothing but a corpus: counts of words near one another,
    weighted (PPMI) and reduced (truncated SVD).
    """
    shared, options = split_shared(options)
    read = take_read_config(options)
    vectors, lexicon, cws = options.pop("vectors"), options.pop("lexicon"), options.pop("cws")
    if vectors and lexicon:
        raise UsageError("--vectors and --lexicon are two sources", hint="give one of them, or INPUT alone")
    config = read_config(SimilarConfig, options)
    report, path = Report(output=output), file_output(output, overwrite=shared.overwrite)
    with Claim(path.parent):
        if lexicon:
            report.scores["pairs"] = similar.write_similar(path, similar.of_lexicon(lexicon, most=config.most))
        elif vectors:
            report.scores["pairs"] = similar.write_similar(path, similar.of_vectors(vectors, config))
        else:
            segment = read_config(SegmentConfig, {"cws": cws})
            with planned(inputs, read, path, shared) as corpus:
                chain = Chain.over(corpus, "words", normalize=NormalizeConfig(), segment=segment)
                report.scores["pairs"] = similar_words_of(
                    corpus, chain, path, config, report.account, shared.progress("similar-words")
                )
    _show(path, show, shared)
    show_report(report, shared)


def _show(path: Path, words: tuple[str, ...], shared: Shared) -> None:
    found: dict[str, list[str]] = {word: [] for word in words}
    if found:
        for line in path.read_text("utf-8").splitlines():
            word, other, score = line.split("\t")
            if word in found:
                found[word].append(f"{other} {score}")
    for word, neighbours in found.items():
        line = f"{word}: {', '.join(neighbours) or 'not in the table'}"
        if shared.log_json:
            shared.progress("similar-words").event("note", text=line)
        else:
            print(line, file=sys.stderr)
