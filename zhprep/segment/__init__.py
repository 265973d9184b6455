"""Find the words: ``text`` in, ``words`` out (where each word ends, in code points).

Words are offsets over the same text: joined, they give the sentence back, exactly. The stage checks
this for every sentence of every engine; an engine that drops or changes a character is an error,
not a shifted mask. Whole-word masking stands on this (Cui et al. 2021, arXiv:1906.08101, section 3).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from zhprep.core import arrow, schema
from zhprep.core.errors import DataError
from zhprep.core.report import Account
from zhprep.segment.config import SegmentConfig
from zhprep.segment.cuts import Cuts, Loss
from zhprep.segment.engines import ENGINES, SegmentEngine, load_engine
from zhprep.segment.segmenter import Segmenter, cut

__all__ = [
    "ENGINES", "Cuts", "SegmentConfig", "SegmentEngine", "Segmenter", "build", "cut", "load_engine", "segment_sentence",
]  # fmt: skip

Stage = Callable[[pa.RecordBatch, Account], pa.RecordBatch]


def build(config: SegmentConfig, *, segmenter: Segmenter | None = None) -> Stage:
    """Return the stage: a ``text`` batch (or any document table) to a ``words`` batch.

    ``segmenter`` hands in one already loaded. The stage raises ``DataError`` naming document,
    sentence and engine when the words of a sentence do not give it back.
    """
    loaded = segmenter if segmenter is not None else Segmenter(config)

    def segment(batch: pa.RecordBatch, account: Account) -> pa.RecordBatch:
        column = batch.column("sentences")
        sentences = arrow.items(column)
        try:
            cuts = loaded.ends(sentences, account)
        except Loss as loss:
            raise _lossy(loaded.name, batch, loss) from loss
        text = sentences if cuts.text is None else cuts.text
        account.count(sentences=len(text), characters=_characters(cuts), words=len(cuts.ends))
        return _words_batch(batch.column("doc"), column, text, cuts)

    return segment


def segment_sentence(text: str, config: SegmentConfig) -> pa.RecordBatch:
    """Return the ``words`` batch of a document of one sentence, which is brought to NFC."""
    batch = pa.RecordBatch.from_pydict(
        {"doc": ["text"], "sentences": [[unicodedata.normalize("NFC", text)]]}, schema=schema.TEXT
    )
    return build(config)(batch, Account())


def _characters(cuts: Cuts) -> int:
    filled = np.diff(cuts.offsets) > 0
    return int(cuts.ends[cuts.offsets[1:][filled] - 1].sum(dtype=np.int64))


def _words_batch(doc: pa.Array, column: pa.ListArray, text: pa.Array, cuts: Cuts) -> pa.RecordBatch:
    starts = column.offsets.to_numpy()
    documents = starts - starts[0]
    words = arrow.lists_of(cuts.offsets, arrow.array_of(cuts.ends))
    columns = [doc, arrow.lists_of(documents, text), arrow.lists_of(documents, words)]
    return pa.RecordBatch.from_arrays(columns, schema=schema.WORDS)


def _lossy(engine: str, batch: pa.RecordBatch, loss: Loss) -> DataError:
    column = batch.column("sentences")
    starts = column.offsets.to_numpy() - column.offsets[0].as_py()
    row = int(np.searchsorted(starts, loss.sentence, side="right")) - 1
    where = f"document {batch.column('doc')[row].as_py()!r}, sentence {loss.sentence - int(starts[row]) + 1}"
    sentence = arrow.items(column)[loss.sentence].as_py()
    return DataError(
        f"{where}: {engine} did not give the sentence back: {_short(sentence)} became {_short(loss.got)}",
        hint="words must join to the sentence exactly; normalize the text first, or choose another --cws",
    )


def _short(text: str, limit: int = 60) -> str:
    return repr(text if len(text) <= limit else text[:limit] + "…")
