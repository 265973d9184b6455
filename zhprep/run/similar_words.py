"""Make the table of similar words of a corpus, with nothing but the corpus."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from zhprep.core.corpus import Corpus, read_block
from zhprep.core.progress import NO_PROGRESS, Progress
from zhprep.core.report import Account
from zhprep.instances import similar
from zhprep.instances.similar import SimilarConfig
from zhprep.run.chain import Chain


def similar_words_of(
    corpus: Corpus, chain: Chain, path: Path, config: SimilarConfig, account: Account, progress: Progress = NO_PROGRESS
) -> int:
    """Write the table of the words of ``corpus`` to ``path``; return how many pairs it has.

    ``account`` gets what one reading of the corpus counts. Raises ``DataError`` when no words are similar.
    """

    def words() -> Iterator[pa.RecordBatch]:
        for counts in (account.counts, account.dropped, account.changed, account.inserted):
            counts.clear()  # it is read twice: the last reading is the one that is counted
        with progress.of(sum(block.weight for block in corpus.blocks), "bytes") as bar:
            for number, block in enumerate(corpus.blocks):
                yield from chain.run(read_block(corpus, block, account), number, account)
                bar.advance(block.weight)

    return similar.write_similar(path, similar.of_corpus(words, config))
