"""Batches for models that write: sources and targets, drawn for the epoch (dynamic) or read from the columns (static).

Drawing is the same call that makes static ones, so epoch *k* of dynamic data has what duplicate *k* has.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar, NamedTuple, Protocol

import numpy as np
import pyarrow as pa

from zhprep.collate.columns import IGNORED
from zhprep.collate.rows import Integers, Ragged, Rows
from zhprep.core.ragged import offsets_of, ranges, sizes_of
from zhprep.core.schema import instance_fields
from zhprep.instances import Flat, InstancesConfig, TokenFacts, corrupt_batch
from zhprep.instances.corruptions import check_plain


class Written(NamedTuple):
    """Some rows: what is read, what is to be written, and how many tokens of each row are given before that."""

    sources: Ragged
    targets: Ragged
    given: Integers

    @property
    def rows(self) -> Rows:
        """The columns of a batch: ``input_ids``, and ``labels``, -100 on what is given before a target that follows a
        prefix."""
        if not self.given.any():
            return Rows({"input_ids": self.sources, "labels": self.targets}, {})
        sizes = sizes_of(self.targets.offsets)
        offsets = offsets_of(self.given + sizes)
        labels = np.full(offsets[-1], IGNORED, np.int64)
        labels[ranges(offsets[:-1] + self.given, sizes)] = self.targets.values
        return Rows({"input_ids": self.sources, "labels": Ragged(labels, offsets)}, {})


class Corruption(Protocol):
    """Makes sources and targets of rows."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns that are read."""
        ...

    def __call__(self, rows: Rows, epoch: int) -> Written:
        """Return ``rows`` as they are in ``epoch``."""
        ...


class StaticCorruption:
    """Sources and targets that make-instances put on disk; the epoch does not matter."""

    def __init__(self, columns: Collection[str]) -> None:
        self.needs = tuple(name for name in ("input_ids", "labels", "prefix_length") if name in columns)

    def __call__(self, rows: Rows, epoch: int) -> Written:  # noqa: ARG002
        """Return the rows as they are."""
        given = rows.plain.get("prefix_length", np.zeros(len(rows), np.int64))
        return Written(rows.tokens, rows.lists["labels"], given)


class DynamicCorruption:
    """Sources and targets drawn from ``(seed, epoch, instance_id)`` as ``config`` says."""

    needs: ClassVar = ("input_ids", "word_ids", "instance_id")

    def __init__(self, config: InstancesConfig, facts: TokenFacts) -> None:
        self._config, self._facts = config, facts

    def __call__(self, rows: Rows, epoch: int) -> Written:
        """Return the rows corrupted for their epoch."""
        flat = Flat(rows.tokens.values, rows.lists["word_ids"].values, rows.tokens.offsets, rows.plain["instance_id"])
        text = corrupt_batch(flat, self._config, self._facts, epoch)
        given = np.zeros(len(rows), np.int64) if text.prefix_lengths is None else text.prefix_lengths
        return Written(Ragged(text.input_ids, text.offsets), Ragged(text.labels, text.label_offsets), given)


def is_static(columns: Collection[str]) -> bool:
    """Return whether rows with ``columns`` are corrupted already: they then have targets, and words no longer."""
    return "labels" in columns and "word_ids" not in columns


def corruption_of(columns: Collection[str], config: InstancesConfig, facts: TokenFacts) -> Corruption:
    """Return what makes sources and targets of rows with ``columns``: what is on disk if they have it, else draws.

    Raises ``UsageError`` when they have columns of ours that would say of a source what is no longer so.
    """
    if is_static(columns):
        return StaticCorruption(columns)
    ours = instance_fields(pa.int32())
    check_plain(name for name in columns if name in ours)
    return DynamicCorruption(config, facts)
