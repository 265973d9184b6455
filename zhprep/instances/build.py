"""Make the instances of one block.

In: ``words`` record batches of the block, in order, however cut. Out: ``instances`` record batches, one per window of
documents and, when masked on disk, per duplicate. Only a window and the one before are held in memory.
Windows depend on the documents alone, so the same block always gives the same rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from zhprep.core import schema
from zhprep.core.registry import lookup
from zhprep.core.report import Account
from zhprep.instances.align import n_characters, open_words
from zhprep.instances.assemble import Laid, SpecialIds, lay_out
from zhprep.instances.columns import lists, record_batch
from zhprep.instances.config import InstancesConfig
from zhprep.instances.drawing import TokenFacts
from zhprep.instances.formats import FORMATS
from zhprep.instances.masking import Flat
from zhprep.instances.masks import STRATEGIES
from zhprep.instances.ragged import Ints
from zhprep.instances.replacements import REPLACEMENTS
from zhprep.instances.sentences import cut_long
from zhprep.instances.static import masked_columns
from zhprep.instances.window import Pieces, Plan, Window, no_documents
from zhprep.vocab import Encoder, Vocabulary

WINDOW = 1 << 20
"""Characters of a window: documents are added until it has so many, and is the last of its block or has two."""


class InstanceBuilder:
    """Builds the instances of one block from its ``words`` batches: :meth:`feed` each, then :meth:`finish`."""

    def __init__(
        self, config: InstancesConfig, vocabulary: Vocabulary, encoder: Encoder, *, block: int = 0,
        facts: TokenFacts | None = None, account: Account | None = None, window: int = WINDOW,
    ) -> None:  # fmt: skip
        self.config, self.vocabulary, self.encoder = config, vocabulary, encoder
        self.block, self.account, self.window = block, account if account is not None else Account(), window
        self._format = lookup(FORMATS, config.format, "format")
        lookup(STRATEGIES, config.mask, "mask")
        lookup(REPLACEMENTS, config.replacing, "replacement")
        self._ids = schema.id_type(vocabulary.size)
        self._special = SpecialIds(vocabulary.cls, vocabulary.sep)
        self._facts = facts or TokenFacts.of(vocabulary)
        self._documents: list[pa.RecordBatch] = []
        self._characters = 0
        self._kept: Window | None = None
        self._kept_is_used = False
        self._next_document = 0
        self._next_instance = 0

    @property
    def schema(self) -> pa.Schema:
        """The schema of the batches: the columns that the format and, if static, the masks have."""
        window = no_documents(np.empty(0, self._ids.to_pandas_dtype()))
        pieces = self._format(window, Plan(self.config, self.block, 0, last=True))
        laid = lay_out(window, pieces, self._special)
        columns = _columns(laid, pieces, np.empty(0, np.int64))
        if self.config.static:
            flat = Flat(laid.input_ids, laid.word_ids, laid.offsets, np.empty(0, np.int64))
            columns |= masked_columns(flat, self.config, self._facts, 0)
        return record_batch(columns, self._ids).schema

    def feed(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """Take the next documents of the block and yield the instances that are ready."""
        start = 0
        for row, length in enumerate(_document_lengths(batch)):
            self._characters += length
            if self._characters >= self.window and self._n_documents() + row - start >= 1:
                self._documents.append(batch.slice(start, row + 1 - start))
                start = row + 1
                yield from self._window(last=False)
        if start < batch.num_rows:
            self._documents.append(batch.slice(start))

    def finish(self) -> Iterator[pa.RecordBatch]:
        """Yield what is left at the end of the block."""
        yield from self._window(last=True)

    def _n_documents(self) -> int:
        return sum(batch.num_rows for batch in self._documents)

    def _window(self, *, last: bool) -> Iterator[pa.RecordBatch]:
        window = self._next_window()
        if window is None:
            return
        pieces = self._format(window, Plan(self.config, self.block, self._next_instance, last))
        self._keep(window, pieces)
        self._count(pieces)
        if pieces.n_instances:
            yield from self._batches(lay_out(window, pieces, self._special), pieces)
        self._next_instance += pieces.n_instances

    def _next_window(self) -> Window | None:
        """Encode the collected documents and put what was kept of the last window before them."""
        if not self._documents:
            return self._kept if self._kept is not None and not self._kept_is_used else None
        window = self._encode(pa.concat_batches(self._documents))
        self._documents, self._characters = [], 0
        if self._kept is None:
            return window
        return self._kept.joined(window, fresh=len(self._kept.numbers) if self._kept_is_used else 0)

    def _keep(self, window: Window, pieces: Pieces) -> None:
        self._kept_is_used = pieces.remembered
        self._kept = window.tail(window.first if pieces.remembered else pieces.used)

    def _encode(self, documents: pa.RecordBatch) -> Window:
        sentences, ends = documents["sentences"], documents["ends"]
        encoded = self.encoder.encode(sentences.flatten())
        flat_ends = ends.flatten()
        offsets = np.asarray(encoded.sentence_offsets, np.int64)
        opens, joined = open_words(encoded.starts, encoded.stops, offsets, flat_ends)
        ids = np.asarray(encoded.ids).astype(self._ids.to_pandas_dtype(), copy=False)
        self.account.count(encoded_tokens=len(ids), instance_characters=n_characters(flat_ends))
        self.account.change("tokens.words_joined", joined)
        numbers = self._next_document + np.arange(documents.num_rows)
        self._next_document += documents.num_rows
        window, empty = _window_of(ids, opens, offsets, _offsets(sentences), numbers)
        self.account.drop("documents.no_tokens", empty)
        window, cut = cut_long(window, self.config.max_length - 3)
        self.account.change("sentences.cut_to_length", cut)
        return window

    def _batches(self, laid: Laid, pieces: Pieces) -> Iterator[pa.RecordBatch]:
        copies = self.config.dupe_factor if self.config.static else 1
        unknown = int(np.count_nonzero(laid.input_ids == self.vocabulary.unk))
        amount = copies * pieces.n_instances
        self.account.count(instances=amount, tokens=copies * len(laid.input_ids), unk_tokens=copies * unknown)
        ids = (self.block << 32) + self._next_instance + np.arange(pieces.n_instances)
        clean = _columns(laid, pieces, ids)
        if not self.config.static:
            yield record_batch(clean, self._ids)
            return
        flat = Flat(laid.input_ids, laid.word_ids, laid.offsets, ids)
        for dupe in range(copies):
            masked = masked_columns(flat, self.config, self._facts, dupe)
            self.account.count(masked_tokens=len(masked["mask_kind"].values))
            yield record_batch(clean | masked, self._ids)

    def _count(self, pieces: Pieces) -> None:
        self.account.count(**{name: n for name, n in pieces.counts.items() if n})
        for reason, amount in pieces.dropped.items():
            self.account.drop(reason, amount)
        for reason, amount in pieces.inserted.items():
            self.account.insert(reason, amount)


def build_instances(batches: Iterable[pa.RecordBatch], builder: InstanceBuilder) -> Iterator[pa.RecordBatch]:
    """Yield the instances of a block: every batch fed, then finished."""
    for batch in batches:
        yield from builder.feed(batch)
    yield from builder.finish()


def _columns(laid: Laid, pieces: Pieces, instance_ids: Ints) -> dict[str, pa.Array]:
    """Return the columns of clean instances."""
    columns = {
        "input_ids": lists(laid.input_ids, laid.offsets),
        "word_ids": lists(laid.word_ids, laid.offsets),
        "special_tokens_mask": lists(laid.special_tokens_mask, laid.offsets),
        "instance_id": pa.array(instance_ids),
    }
    if laid.token_type_ids is not None:
        columns["token_type_ids"] = lists(laid.token_type_ids, laid.offsets)
    return columns | {name: pa.array(values) for name, values in pieces.labels.items()}


def _document_lengths(batch: pa.RecordBatch) -> list[int]:
    """Return the code points of every document, from the ends of its words."""
    ends = batch["ends"]
    flat = ends.flatten()
    lengths = np.zeros(len(flat) + 1, np.int64)
    offsets = flat.offsets.to_numpy()
    some = np.flatnonzero(np.diff(offsets))
    lengths[some + 1] = flat.values.to_numpy()[offsets[some + 1] - 1]
    totals: list[int] = np.diff(np.cumsum(lengths)[_offsets(ends)]).tolist()
    return totals


def _offsets(column: pa.ListArray) -> Any:
    offsets = column.offsets.to_numpy().astype(np.int64)
    return offsets - offsets[0]


def _window_of(ids: Any, opens: Any, sentences: Any, documents: Any, numbers: Any) -> tuple[Window, int]:
    """Return a window without empty sentences and documents, and how many documents were empty."""
    full = np.diff(sentences) > 0
    kept = np.zeros(len(full) + 1, np.int64)
    np.cumsum(full, out=kept[1:])
    documents = kept[documents]
    some = np.diff(documents) > 0
    sentences = np.append(sentences[:-1][full], sentences[-1])
    window = Window(ids, opens, sentences, np.append(documents[:-1][some], documents[-1]), numbers[some])
    return window, int(len(some) - some.sum())
