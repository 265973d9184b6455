"""Batches for models that write: sources and targets, drawn for the epoch (dynamic) or read from the columns (static).

Drawing is the same call that makes static ones, so epoch *k* of dynamic data has what duplicate *k* has.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from zhprep.collate.rows import Integers, Ragged, Rows
from zhprep.collate.tensors import IGNORED
from zhprep.core.ragged import ranges
from zhprep.core.schema import instance_fields
from zhprep.instances import Flat, InstancesConfig, TokenFacts, corrupt_batch
from zhprep.instances.corruptions import check_plain


class Written(NamedTuple):
    """Some rows: what is read, what is to be written, and how many tokens of each row are given before that."""

    sources: Ragged
    targets: Ragged
    given: Integers


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


def to_tensors(written: Written, *, pad_id: int, multiple: int) -> dict[str, Tensor]:
    """Return ``input_ids``, ``attention_mask`` and ``labels``, int64 ``[B, L]``, padded to the longest source and the
    longest target, each up to a ``multiple``.

    ``labels`` are -100 where there is nothing to be written: before a target that follows a prefix, and after its end.
    """
    lengths = np.diff(written.sources.offsets)
    real = np.ones(len(written.sources.values), np.int64)
    nothing = np.zeros(len(lengths), np.int64)
    input_ids = _padded(written.sources, nothing, pad_id, multiple)
    attention = _padded(Ragged(real, written.sources.offsets), nothing, 0, multiple)
    labels = _padded(written.targets, written.given, IGNORED, multiple)
    return {"input_ids": input_ids, "attention_mask": attention, "labels": labels}


def _padded(column: Ragged, before: Integers, fill: int, multiple: int) -> Tensor:
    lengths = np.diff(column.offsets)
    width = -(-int((before + lengths).max(initial=1)) // multiple) * multiple
    array = np.full(len(lengths) * width, fill, np.int64)
    array[ranges(np.arange(len(lengths)) * width + before, lengths)] = column.values
    return torch.from_numpy(array.reshape(len(lengths), width))
