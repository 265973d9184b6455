"""Keep the documents that are held out as text: the sentences on which models of any tokens are scored.

In: the corpus of a run. Out: a folder with a ``text`` table of the documents that make-instances sets apart (``--split
apart``): the same rule on the same cleaned text, so they are those of its validation instances.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from zhprep.core import schema
from zhprep.core.corpus import Corpus
from zhprep.core.report import Account
from zhprep.core.shards import BlockJob, Output, holds_rows, run_job
from zhprep.instances import InstancesConfig
from zhprep.instances.layout import for_validation
from zhprep.run.chain import Chain

NONE_HELD_OUT = (
    "no document is held out of so small a corpus, so there are no scores under the masks that all models share: give "
    "more text, a larger validation_fraction of [instances], or any text with `zhprep evaluate RUN --held-out`"
)
"""A note where the corpus was to be divided by documents."""


@dataclass(frozen=True)
class HeldOutDocuments:
    """From a block of documents to those that are for validation; a ``BlockTask``.

    ``chain`` cleans them as those are that instances are made of; ``share`` of them, by the hash of their text, are
    kept.
    """

    chain: Chain
    share: float

    @property
    def table(self) -> str:
        """The name of the table that is made."""
        return "text"

    def config(self) -> dict[str, Any]:
        """Return the settings of the text stages, and the share."""
        return {**self.chain.config(), "validation_fraction": self.share}

    def facts(self) -> dict[str, Any]:
        """Return what the chain says of its text."""
        return self.chain.facts()

    def schema(self) -> pa.Schema:
        """Return the schema of documents of text."""
        return schema.TEXT

    def run(self, batches: Iterator[pa.RecordBatch], block: int, account: Account) -> Iterator[pa.RecordBatch]:
        """Yield the documents of one block that are held out; the others are counted."""
        for batch in self.chain.run(batches, block, account):
            held = for_validation(batch, self.share)
            others = int((~held).sum())
            account.count(documents_of_other_split=others, documents_out=-others)  # which the chain counted as its own
            if held.any():
                kept = batch.filter(pa.array(held))
                yield pa.RecordBatch.from_arrays([kept["doc"], kept["sentences"]], schema=schema.TEXT)


def keep_held_out(corpus: Corpus, chain: Chain, instances: InstancesConfig, output: Output) -> Path | None:
    """Keep the documents of ``corpus`` that ``instances`` hold out in the folder of ``output``, and return it; None
    where they hold out instances, or none of the documents."""
    if instances.split != "apart":
        return None
    run_job(BlockJob(corpus, HeldOutDocuments(chain, instances.validation_fraction)), output)
    return output.path if holds_rows(output.path) else None
