"""What is exported: the instances of a folder, a few rows at a time, clean or masked.

In: a DATA folder. Out: per shard, record batches of at most ``ROWS`` rows, and their columns as flat arrays. Masks on
disk are taken as they are; clean instances get the masks of epoch 0, which static duplicate 0 would have too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from zhprep.core.errors import DataError, UsageError
from zhprep.core.progress import Bar, work
from zhprep.core.ragged import Array, Ints
from zhprep.core.shards import open_shards, read_manifest, write_json
from zhprep.instances import Flat, InstancesConfig, TokenFacts, facts_of, instances_config, mask_batch
from zhprep.vocab import Vocabulary, load

RECORD = "export.json"
"""What was exported, how, and what was left out: written last."""

ROWS = 1024
"""Rows that are in memory at a time: a padded feature of 512 int64 numbers is then 4 MiB."""


@dataclasses.dataclass(frozen=True)
class MaskedRows:
    """Some instances: ``input_ids`` ``[T]`` laid end to end with ``offsets`` ``int64[B + 1]``, masked or clean; for the
    ``M`` masked tokens ``positions`` within their instance and ``labels``, with ``masked`` ``int64[B + 1]``."""

    input_ids: Array
    offsets: Ints
    positions: Ints
    labels: Array
    masked: Ints

    @property
    def lengths(self) -> Ints:
        """How many tokens each instance has."""
        return np.diff(self.offsets)


@dataclasses.dataclass(frozen=True)
class Data:
    """A finished folder of instances."""

    path: Path
    manifest: dict[str, Any]
    columns: tuple[str, ...]

    @classmethod
    def at(cls, path: Path) -> Data:
        """Open ``path``; raises ``DataError`` unless it is a finished folder of instances."""
        if (path / "tokenizer.json").is_file():
            raise UsageError(
                f"{path}: is a vocabulary; this format takes instances", hint="name a make-instances folder"
            )
        manifest = read_manifest(path, "instances")
        for _, batches in open_shards(path, "instances"):
            return cls(path, manifest, tuple(batches.schema.names))
        raise DataError(f"{path}: has no shards", hint="make the instances again")

    @cached_property
    def config(self) -> InstancesConfig:
        """The settings that the instances were made with."""
        return instances_config(self.path, self.manifest)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The vocabulary, which travels with the instances."""
        folder = self.path / "vocab"
        if not folder.is_dir():
            raise DataError(f"{folder}: is missing", hint="copy the whole folder that make-instances wrote")
        return load(folder)

    @cached_property
    def facts(self) -> TokenFacts:
        """What masking needs to know of the vocabulary."""
        return facts_of(self.config, self.vocabulary)

    @property
    def static(self) -> bool:
        """Whether the masks are on disk."""
        return "masked_lm_positions" in self.columns

    @property
    def label(self) -> str | None:
        """The column that labels a pair (1: random next, or swapped), if there is one."""
        return next((name for name in ("next_sentence_label", "sentence_order_label") if name in self.columns), None)

    def shards(self) -> Iterator[tuple[str, Iterator[pa.RecordBatch]]]:
        """Yield the name of each shard without its ending, and its rows, at most ``ROWS`` at a time."""
        with self.reading() as bar:
            for name, batches in open_shards(self.path, "instances"):
                yield Path(name).stem, few_rows(counted(batches, bar))

    def reading(self) -> AbstractContextManager[Bar]:
        """Return the progress of reading all instances once."""
        return work(sum(shard.get("rows", 0) for shard in self.manifest["shards"]), "instances")

    def check_plain(self, what: str) -> None:
        """Raise ``UsageError`` for instances that rows of ids and original ids cannot hold."""
        hint = "export to parquet, jsonl or mds, which hold every column"
        if "cu_seqlens" in self.columns:
            raise UsageError(f"{self.path}: is packed; {what} has no place for where its documents end", hint=hint)
        if self.config.corruption:
            raise UsageError(f"{self.path}: is for models that write; {what} has masks", hint=hint)
        if self.config.replacing == "shuffle":
            raise UsageError(f"{self.path}: is to predict places (pert); {what} has ids to predict", hint=hint)

    def masks(self, batch: pa.RecordBatch) -> MaskedRows:
        """Return the rows masked: as they are on disk, else as in epoch 0."""
        input_ids, offsets = ragged(batch, "input_ids")
        if self.static:
            positions, masked = ragged(batch, "masked_lm_positions")
            return MaskedRows(input_ids, offsets, positions.astype(np.int64), ragged(batch, "masked_lm_ids")[0], masked)
        flat = Flat(input_ids, ragged(batch, "word_ids")[0], offsets, plain(batch, "instance_id"))
        drawn = mask_batch(flat, self.config, self.facts, 0)
        places = drawn.positions - np.repeat(offsets[:-1], np.diff(drawn.offsets))
        return MaskedRows(drawn.input_ids, offsets, places, drawn.labels, drawn.offsets)

    def clean(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows as they were before any masks, each once: of static duplicates the first."""
        if not self.static:
            return batch
        if "dupe" in self.columns:
            batch = batch.filter(pa.array(plain(batch, "dupe") == 0))
        rows = self.masks(batch)
        tokens = rows.input_ids.copy()
        tokens[rows.positions + np.repeat(rows.offsets[:-1], np.diff(rows.masked))] = rows.labels
        column = pa.ListArray.from_arrays(pa.array(rows.offsets.astype(np.int32)), pa.array(tokens))
        return batch.set_column(batch.schema.get_field_index("input_ids"), "input_ids", column)

    def record(self, out: Path, names: list[str], kept: Iterable[str | None], **facts: Any) -> list[str]:
        """Write ``export.json`` beside the files ``names``; return all names.

        It says what was exported (by its sha256), the numbers a reader must know, and which columns were left out.
        """
        held = set(kept)
        left_out = [name for name in self.columns if name not in held]
        whence = {"source": self.manifest["content_sha256"], "left_out": left_out}
        write_json(out / RECORD, {**whence, **facts}, replace=True)
        return [*names, RECORD]


def counted(batches: Iterable[pa.RecordBatch], bar: Bar) -> Iterator[pa.RecordBatch]:
    """Yield ``batches``; the rows of each count as done when it was dealt with."""
    for batch in batches:
        yield batch
        bar.advance(batch.num_rows, instances=batch.num_rows)


def few_rows(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Cut batches into slices of at most ``ROWS`` rows, none of them empty."""
    for batch in batches:
        for begin in range(0, batch.num_rows, ROWS):
            yield batch.slice(begin, ROWS)


def ragged(batch: pa.RecordBatch, name: str) -> tuple[Array, Ints]:
    """Return a list column as flat values and ``offsets`` ``int64[B + 1]`` from 0."""
    column = batch.column(batch.schema.get_field_index(name))
    offsets = column.offsets.to_numpy().astype(np.int64)
    return column.flatten().to_numpy(), offsets - offsets[0]


def plain(batch: pa.RecordBatch, name: str) -> Array:
    """Return a column of one number per row."""
    values: Array = batch.column(batch.schema.get_field_index(name)).to_numpy()
    return values
