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
from zhprep.core.ragged import Array, Bools, Ints
from zhprep.core.registry import lookup
from zhprep.core.report import Account
from zhprep.instances.columns import clean_columns, corrupted_columns, masked_columns, record_batch
from zhprep.instances.corruptions import check_plain, corrupt_batch, in_order
from zhprep.instances.layout import (
    ANY_LENGTH,
    FORMATS,
    VALIDATION,
    Assembled,
    Pieces,
    Plan,
    SpecialIds,
    Window,
    arranged,
    assemble,
    cut_long,
    document_lengths,
    for_validation,
    no_documents,
    order_of,
)
from zhprep.instances.masks import (
    REPLACEMENTS,
    STRATEGIES,
    UNPAIRED,
    CoarseFlat,
    Flat,
    Masked,
    mask_batch,
    mask_pinyin_ids,
)
from zhprep.instances.materials import Materials

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
        assembled, none = self._assemble(window, pieces), np.zeros(0, np.int64)
        if self.config.corruption:
            check_plain(clean_columns(assembled, pieces, none))
            corrupt_batch(
                Flat(assembled.input_ids, assembled.word_ids, assembled.offsets, none),
                self.config,
                self.materials.facts,
            )
        return next(self._rows(assembled, pieces, none)).schema

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
        fitting = self._fitting(window, pieces)
        if fitting is not None:
            order = np.flatnonzero(fitting) if order is None else order[fitting[order]]
        if order is None:
            order = np.arange(pieces.n_instances)
        else:
            pieces = arranged(pieces, order)
        if not len(order):
            return
        yield from self._rows(self._assemble(window, pieces), pieces, plan.first_id + order)

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

    def _fitting(self, window: Window, pieces: Pieces) -> Bools | None:
        """Return which instances have no more coarse tokens than ``max_length``, ``bool[B]``: letters of a word that
        the coarse vocabulary lacks may be more than its fine pieces. None where all fit; the others are dropped."""
        if self.materials.coarse is None:
            return None
        _, sizes = window.tokens.coarse_ranges(pieces.starts, pieces.stops)
        counts = np.bincount(pieces.instances, minlength=pieces.n_instances)
        lengths = np.bincount(pieces.instances, sizes, pieces.n_instances) + (
            2 * counts if pieces.separate else counts + 1
        )
        fitting = lengths <= self.config.max_length
        self.account.drop("instances.coarse_too_long", int(np.count_nonzero(~fitting)))
        return None if fitting.all() else fitting

    def _assemble(self, window: Window, pieces: Pieces) -> Assembled:
        return assemble(window, pieces, self._special, self.materials.coarse)

    def _rows(self, assembled: Assembled, pieces: Pieces, instance_ids: Ints) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a window, whose instances have the ids ``int64[B]``: once, or once per duplicate."""
        clean = clean_columns(assembled, pieces, instance_ids)
        copies = self.config.dupe_factor if self.config.static else 1
        unknown = int(np.count_nonzero(assembled.input_ids == self.materials.vocabulary.unk))
        amount = copies * len(instance_ids)
        self.account.count(instances=amount, tokens=copies * len(assembled.input_ids), unk_tokens=copies * unknown)
        if not self.config.static:
            yield record_batch(clean, self._ids)
            return
        flat = Flat(assembled.input_ids, assembled.word_ids, assembled.offsets, instance_ids, _coarse_of(assembled))
        for dupe in range(copies):
            if self.config.corruption:
                yield record_batch(self._corrupted(flat, dupe), self._ids)
                continue
            masked = mask_batch(flat, self.config, self.materials.facts, dupe)
            self._count_masks(masked)
            columns = masked_columns(flat, masked, dupe, self._ids, self._pinyin_ids(assembled, flat, masked, dupe))
            yield record_batch(clean | columns, self._ids)

    def _corrupted(self, flat: Flat, dupe: int) -> dict[str, pa.Array]:
        """Return the columns of the instances ``flat`` (``[B]``, ``[T]`` tokens) after they were corrupted, and count
        them."""
        corrupted = corrupt_batch(flat, self.config, self.materials.facts, dupe)
        self.account.count(source_tokens=len(corrupted.input_ids), target_tokens=len(corrupted.labels))
        return corrupted_columns(flat, corrupted, dupe, self._ids)

    def _pinyin_ids(self, assembled: Assembled, flat: Flat, masked: Masked, dupe: int) -> Array | None:
        """Return the syllables of the masked tokens, ``uint16[T]``; None where the data have none."""
        if "pinyin_ids" not in assembled.lists:
            return None
        return mask_pinyin_ids(assembled.lists["pinyin_ids"][0], flat, masked, self.config, self.materials.facts, dupe)

    def _count_masks(self, masked: Masked) -> None:
        self.account.count(masked_tokens=len(masked.kinds))
        self.account.change("tokens.without_similar_word", int(np.count_nonzero(masked.kinds == UNPAIRED)))

    def _count(self, pieces: Pieces) -> None:
        self.account.count(**{name: n for name, n in pieces.counts.items() if n})
        for reason, amount in pieces.dropped.items():
            self.account.drop(reason, amount)
        for reason, amount in pieces.inserted.items():
            self.account.insert(reason, amount)


def _coarse_of(assembled: Assembled) -> CoarseFlat | None:
    if "coarse_input_ids" not in assembled.lists:
        return None
    ids, offsets = assembled.lists["coarse_input_ids"]
    return CoarseFlat(ids, assembled.lists["coarse_of"][0], offsets)


class SplitBuilder:
    """Builds instances of training documents, of validation documents, or of both apart, as ``split`` says."""

    def __init__(
        self, materials: Materials, *, block: int = 0, account: Account | None = None, window: int = WINDOW
    ) -> None:
        self._account = account if account is not None else Account()
        self._share = materials.config.validation_fraction
        firsts = {"train": {False: 0}, "validation": {True: 0}, "apart": {False: 0, True: VALIDATION}}
        self._sides = {
            side: InstanceBuilder(materials, block=block, account=self._account, window=window, first_number=first)
            for side, first in firsts[materials.config.split].items()
        }

    def feed(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """Hand each document to the side that it is for."""
        validation = for_validation(batch, self._share)
        for side, builder in self._sides.items():
            yield from builder.feed(batch.filter(pa.array(validation == side)))
        if len(self._sides) == 1:
            self._account.count(documents_of_other_split=int((validation != next(iter(self._sides))).sum()))

    @property
    def schema(self) -> pa.Schema:
        """The schema of the batches, the same on every side."""
        return next(iter(self._sides.values())).schema

    def finish(self) -> Iterator[pa.RecordBatch]:
        """Yield what is left at the end of the block."""
        for builder in self._sides.values():
            yield from builder.finish()


def builder_of(
    materials: Materials, *, block: int = 0, account: Account | None = None, window: int = WINDOW
) -> InstanceBuilder | SplitBuilder:
    """Return what builds the instances of one block."""
    kind = InstanceBuilder if materials.config.split == "all" else SplitBuilder
    return kind(materials, block=block, account=account, window=window)


def build_instances(batches: Iterable[pa.RecordBatch], builder: Builder) -> Iterator[pa.RecordBatch]:
    """Yield the instances of a block: every batch fed, then finished."""
    for batch in batches:
        yield from builder.feed(batch)
    yield from builder.finish()
