"""Make the instances of one block.

In: ``words`` (or ``pinyin``) record batches of the block, in order, however cut. Out: ``instances`` record batches,
one per window of documents and, when masked on disk, per duplicate. Only a window and the one before are held in
memory. Windows depend on the documents alone, so the same block always gives the same rows.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np
import pyarrow as pa

from zhprep.core import schema
from zhprep.core.ragged import Array, Ints
from zhprep.core.registry import lookup
from zhprep.core.report import Account
from zhprep.instances.columns import lists, record_batch
from zhprep.instances.corruptions.corrupting import check_plain, corrupt_batch, in_order
from zhprep.instances.layout.arrange import arranged, order_of
from zhprep.instances.layout.assemble import Laid, SpecialIds, lay_out
from zhprep.instances.layout.formats import ANY_LENGTH, FORMATS
from zhprep.instances.layout.reading import document_lengths
from zhprep.instances.layout.sentences import cut_long
from zhprep.instances.layout.window import Pieces, Plan, Window, no_documents
from zhprep.instances.masks.drawing import UNPAIRED
from zhprep.instances.masks.masking import Flat, Masked, mask_batch
from zhprep.instances.masks.replacements import REPLACEMENTS
from zhprep.instances.masks.sounds import masked_sounds
from zhprep.instances.masks.strategies import STRATEGIES
from zhprep.instances.materials import Materials
from zhprep.instances.static import corrupted_columns, masked_columns

WINDOW = 1 << 17
"""Characters of a window: documents are added until it has so many, and is the last of its block or has two."""


class Builder(Protocol):
    """Makes instances of documents that come batch by batch."""

    def feed(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """Take the next documents of the block and yield the instances that are ready."""
        ...

    def finish(self) -> Iterator[pa.RecordBatch]:
        """Yield what is left at the end of the block."""
        ...


class InstanceBuilder:
    """Builds the instances of one block from its batches of words: :meth:`feed` each, then :meth:`finish`.

    Raises ``UsageError`` for a mask, replacement, corruption or format that does not exist.
    """

    def __init__(
        self,
        materials: Materials,
        *,
        block: int = 0,
        account: Account | None = None,
        window: int = WINDOW,
        first_number: int = 0,
    ) -> None:
        """``first_number`` is the number of the first instance in its block."""
        self.materials, self.config = materials, materials.config
        self.block, self.window = block, window
        self.account = account if account is not None else Account()
        self._format = lookup(FORMATS, self.config.format, "format")
        lookup(STRATEGIES, self.config.mask, "mask")
        lookup(REPLACEMENTS, self.config.replacing, "replacement")
        in_order(self.config)
        self._ids = schema.id_type(materials.vocabulary.size)
        self._special = SpecialIds(materials.vocabulary.cls, materials.vocabulary.sep)
        self._documents: list[pa.RecordBatch] = []
        self._characters = self._next_document = 0
        self._next_instance = first_number
        self._kept: Window | None = None
        self._kept_is_used = False

    @property
    def schema(self) -> pa.Schema:
        """The schema of the batches: the columns that the format and, if static, the masks have.

        Raises ``UsageError`` when the format, or the vocabulary, does not go with the corruption.
        """
        window = no_documents(self.materials.reader.nothing())
        pieces = self._format(window, Plan(self.config, self.block, 0, last=True))
        laid, none = self._lay_out(window, pieces), np.zeros(0, np.int64)
        if self.config.corruption:
            check_plain(_columns(laid, pieces, none))
            corrupt_batch(Flat(laid.input_ids, laid.word_ids, laid.offsets, none), self.config, self.materials.facts)
        return next(self._rows(laid, pieces, none)).schema

    def feed(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """Take the next documents of the block and yield the instances that are ready."""
        start = 0
        for row, length in enumerate(document_lengths(batch)):
            self._characters += length
            if self._characters >= self.window and sum(part.num_rows for part in self._documents) + row > start:
                self._documents.append(batch.slice(start, row + 1 - start))
                start = row + 1
                yield from self._window(last=False)
        if start < batch.num_rows:
            self._documents.append(batch.slice(start))

    def finish(self) -> Iterator[pa.RecordBatch]:
        """Yield what is left at the end of the block."""
        yield from self._window(last=True)

    def _window(self, *, last: bool) -> Iterator[pa.RecordBatch]:
        window = self._next_window()
        if window is None:
            return
        plan = Plan(self.config, self.block, self._next_instance, last)
        pieces = self._format(window, plan)
        self._kept, self._kept_is_used = pieces.kept, pieces.remembered
        self._next_instance += pieces.n_instances
        self._count(pieces)
        if not pieces.n_instances:
            return
        order = order_of(pieces, plan)
        if order is None:
            order = np.arange(pieces.n_instances)
        else:
            pieces = arranged(pieces, order)
        yield from self._rows(self._lay_out(window, pieces), pieces, plan.first_id + order)

    def _next_window(self) -> Window | None:
        """Read the collected documents and put what was kept of the last window before them."""
        if not self._documents:
            return self._kept if self._kept is not None and not self._kept_is_used else None
        documents = pa.concat_batches(self._documents)
        window = self.materials.reader.read(documents, self._next_document, self.account)
        longest = sys.maxsize if self.config.format in ANY_LENGTH else self.config.max_length - 3
        window, cut = cut_long(window, longest)
        self.account.change("sentences.cut_to_length", cut)
        self._next_document += documents.num_rows
        self._documents, self._characters = [], 0
        if self._kept is None:
            return window
        return self._kept.joined(window, fresh=len(self._kept.numbers) if self._kept_is_used else 0)

    def _lay_out(self, window: Window, pieces: Pieces) -> Laid:
        return lay_out(window, pieces, self._special, self.materials.coarse)

    def _rows(self, laid: Laid, pieces: Pieces, instance_ids: Ints) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a window: once, or once per duplicate."""
        clean = _columns(laid, pieces, instance_ids)
        copies = self.config.dupe_factor if self.config.static else 1
        unknown = int(np.count_nonzero(laid.input_ids == self.materials.vocabulary.unk))
        amount = copies * len(instance_ids)
        self.account.count(instances=amount, tokens=copies * len(laid.input_ids), unk_tokens=copies * unknown)
        if not self.config.static:
            yield record_batch(clean, self._ids)
            return
        flat = Flat(laid.input_ids, laid.word_ids, laid.offsets, instance_ids)
        for dupe in range(copies):
            if self.config.corruption:
                yield record_batch(self._corrupted(flat, dupe), self._ids)
                continue
            masked = mask_batch(flat, self.config, self.materials.facts, dupe)
            self._count_masks(masked)
            columns = masked_columns(flat, masked, dupe, self._ids, self._sounds(laid, flat, masked, dupe))
            yield record_batch(clean | columns, self._ids)

    def _corrupted(self, flat: Flat, dupe: int) -> dict[str, pa.Array]:
        corrupted = corrupt_batch(flat, self.config, self.materials.facts, dupe)
        self.account.count(source_tokens=len(corrupted.input_ids), target_tokens=len(corrupted.labels))
        return corrupted_columns(flat, corrupted, dupe, self._ids)

    def _sounds(self, laid: Laid, flat: Flat, masked: Masked, dupe: int) -> Array | None:
        if "pinyin_ids" not in laid.lists:
            return None
        return masked_sounds(laid.lists["pinyin_ids"][0], flat, masked, self.config, self.materials.facts, dupe)

    def _count_masks(self, masked: Masked) -> None:
        self.account.count(masked_tokens=len(masked.kinds))
        self.account.change("tokens.without_similar_word", int(np.count_nonzero(masked.kinds == UNPAIRED)))

    def _count(self, pieces: Pieces) -> None:
        self.account.count(**{name: n for name, n in pieces.counts.items() if n})
        for reason, amount in pieces.dropped.items():
            self.account.drop(reason, amount)
        for reason, amount in pieces.inserted.items():
            self.account.insert(reason, amount)


def build_instances(batches: Iterable[pa.RecordBatch], builder: Builder) -> Iterator[pa.RecordBatch]:
    """Yield the instances of a block: every batch fed, then finished."""
    for batch in batches:
        yield from builder.feed(batch)
    yield from builder.finish()


def _columns(laid: Laid, pieces: Pieces, instance_ids: Ints) -> dict[str, pa.Array]:
    """Return the columns of clean instances."""
    return {
        "input_ids": lists(laid.input_ids, laid.offsets),
        "word_ids": lists(laid.word_ids, laid.offsets),
        "special_tokens_mask": lists(laid.special_tokens_mask, laid.offsets),
        "instance_id": pa.array(instance_ids),
        **{name: lists(*values) for name, values in laid.lists.items()},
        **{name: pa.array(values) for name, values in pieces.labels.items()},
    }
