"""``zhprep similar-words``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click
import pyarrow as pa

from zhprep.cli.inputs import input_options, planned, take_read_config
from zhprep.cli.options import Existing, read_config
from zhprep.cli.shared import shared_options, show_report, split_shared
from zhprep.core.corpus import Corpus, read_block
from zhprep.core.errors import UsageError
from zhprep.core.report import Account, Report
from zhprep.instances import similar
from zhprep.normalize import NormalizeConfig
from zhprep.run.chain import Chain
from zhprep.segment import SegmentConfig


@click.command()
@input_options
@click.option("-o", "--output", metavar="FILE", required=True, help="A .tsv of word, similar word, score.")
@click.option("--vectors", type=Existing(), help="A word2vec text file to take the vectors from; no INPUT is read.")
@click.option("--lexicon", type=Existing(), help="A lexicon of synonyms, a group a line; no INPUT is read.")
@click.option("--cws", help="Segmenter  [default: jieba]")
@click.option(
    "--words", "n_words", type=click.IntRange(2), default=20_000, help="Most frequent words  [default: 20000]"
)
@click.option("--min-count", type=click.IntRange(1), default=5, help="Leave out rarer words  [default: 5]")
@click.option("--dimensions", type=click.IntRange(2), default=100, help="Of the vectors of a corpus  [default: 100]")
@click.option("--most", type=click.IntRange(1), default=10, help="Similar words for each word  [default: 10]")
@click.option("--least", type=float, default=0.4, help="Lowest cosine  [default: 0.4]")
@click.option("--show", multiple=True, metavar="WORD", help="Print the neighbours of a word; may be given again.")
@shared_options("work")
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
    report, path, most = Report(output=output), Path(output), options["most"]
    if lexicon:
        report.scores["pairs"] = similar.write_similar(path, similar.of_lexicon(lexicon, most=most))
    elif vectors:
        rows = similar.of_vectors(vectors, n_words=options["n_words"], most=most, least=options["least"])
        report.scores["pairs"] = similar.write_similar(path, rows)
    else:
        segment = read_config(SegmentConfig, {"cws": cws})
        with planned(inputs, read, path, shared.block_size) as corpus:
            chain = Chain.over(corpus, "words", normalize=NormalizeConfig(), segment=segment)
            rows = similar.of_corpus(partial(_words, corpus, chain, report.account), **options)
            report.scores["pairs"] = similar.write_similar(path, rows)
    _show(path, show)
    show_report(report, shared)


def _words(corpus: Corpus, chain: Chain, account: Account) -> Iterator[pa.RecordBatch]:
    """Yield the words of the corpus from its start; of two readings, the last is the one that is counted."""
    for counts in (account.counts, account.dropped, account.changed, account.inserted):
        counts.clear()
    for number, block in enumerate(corpus.blocks):
        yield from chain.run(read_block(corpus, block, account), number, account)


def _show(path: Path, words: tuple[str, ...]) -> None:
    found: dict[str, list[str]] = {word: [] for word in words}
    if found:
        for line in path.read_text("utf-8").splitlines():
            word, other, score = line.split("\t")
            if word in found:
                found[word].append(f"{other} {score}")
    for word, neighbours in found.items():
        print(f"{word}: {', '.join(neighbours) or 'not in the table'}", file=sys.stderr)
