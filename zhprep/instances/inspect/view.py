"""Show instances as a reader wants to see them: tokens in their words, what was masked, how, and what is to be said.

In: rows of the ``instances`` table and a vocabulary. Out: cells, which the command line prints in colour
and the report as HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from zhprep.core.report import Account
from zhprep.instances.config import InstancesConfig
from zhprep.instances.corruptions import corrupt_batch
from zhprep.instances.layout import TAG_COLUMNS, read_tag_sets
from zhprep.instances.masks import KINDS, MASK, Flat, PinyinReadings, TokenFacts, mask_batch, mask_pinyin_ids
from zhprep.instances.materials import Materials, facts_of
from zhprep.vocab import Vocabulary

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Cell:
    """One token: what stands in the input, what the label is (with the tags of its word, if the data have any), which
    word it belongs to, what was done; and how what stands in the input is read, if the data say it."""

    shown: str
    label: str
    word: int
    kind: int
    segment: int
    pinyin: str = ""


@dataclass(frozen=True)
class Shown:
    """One instance and its sentence-level labels; if it is corrupted, ``cells`` are the source and ``target`` is what
    is to be written."""

    cells: list[Cell]
    labels: dict[str, int]
    target: list[Cell] | None = None


@dataclass(frozen=True)
class Syllables:
    """The ``names`` of syllables by id, and the readings of the tokens."""

    names: Sequence[str]
    readings: PinyinReadings


def view_instances(
    rows: pa.Table,
    vocabulary: Vocabulary,
    config: InstancesConfig,
    *,
    epoch: int = 0,
    syllables: Syllables | None = None,
) -> list[Shown]:
    """Return ``rows`` as cells; clean instances are masked, or corrupted, as epoch ``epoch`` would be.

    With ``syllables`` the rows have ``pinyin_ids``.
    """
    if config.corruption:
        facts = facts_of(config, vocabulary)
        return [_source_and_target(row, vocabulary, config, facts, epoch) for row in rows.to_pylist()]
    shown = []
    facts = facts_of(config, vocabulary, syllables.readings if syllables else None)
    names = syllables.names if syllables else ()
    sets = read_tag_sets(config.tags) if config.tags else {}
    for row in rows.to_pylist():
        labels = {name: row[name] for name in ("next_sentence_label", "sentence_order_label") if name in row}
        cells = _cells(row, vocabulary, config, epoch, facts, names)
        shown.append(Shown([_tagged(cell, row, place, sets) for place, cell in enumerate(cells)], labels))
    return shown


def _tagged(cell: Cell, row: dict[str, Any], place: int, sets: dict[str, list[str]]) -> Cell:
    """Return ``cell``, of the token at ``place``, with the tags of its word behind its label if it has one."""
    if not cell.label or not sets:
        return cell
    numbers = [(sets[kind], row[TAG_COLUMNS[kind]][place]) for kind in TAG_COLUMNS if kind in sets]
    tags = [names[number - 1] if number else "-" for names, number in numbers]
    return replace(cell, label="/".join([cell.label, *tags]))


def view_sentence(words: pa.RecordBatch, vocabulary: Vocabulary, config: InstancesConfig) -> list[Cell]:
    """Return the one sentence of a ``words`` batch, masked, without special tokens."""
    return _cells(_row(words, vocabulary, config), vocabulary, config, 0, facts_of(config, vocabulary))


def view_corrupted(words: pa.RecordBatch, vocabulary: Vocabulary, config: InstancesConfig) -> Shown:
    """Return the one sentence of a ``words`` batch, corrupted, without special tokens."""
    facts = facts_of(config, vocabulary)
    return _source_and_target(_row(words, vocabulary, config), vocabulary, config, facts, 0)


def _row(words: pa.RecordBatch, vocabulary: Vocabulary, config: InstancesConfig) -> dict[str, Any]:
    tokens = Materials.of(config, vocabulary).reader.read(words, 0, Account()).tokens
    return {"input_ids": tokens.ids.tolist(), "word_ids": (np.cumsum(tokens.opens) - 1).tolist(), "instance_id": 0}


def _source_and_target(
    row: dict[str, Any], vocabulary: Vocabulary, config: InstancesConfig, facts: TokenFacts, epoch: int
) -> Shown:
    """Show what is on disk, or what a clean row becomes; tokens that were put in have a kind."""
    if "labels" in row:
        source, target, given = row["input_ids"], row["labels"], row.get("prefix_length")
    else:
        ids, word_ids = np.array(row["input_ids"], np.int64), np.array(row["word_ids"])
        flat = Flat(ids, word_ids, np.array([0, len(ids)]), np.array([row["instance_id"]]))
        text = corrupt_batch(flat, config, facts, epoch)
        source, target = text.input_ids.tolist(), text.labels.tolist()
        given = None if text.prefix_lengths is None else int(text.prefix_lengths[0])
    put = {facts.mask, *(() if facts.sentinels is None else facts.sentinels.tolist())}
    cells = [
        Cell(vocabulary.shown[token], "", -int(vocabulary.is_special[token]), MASK if token in put else 0, 0)
        for token in (*source, *target)
    ]
    labels = {} if given is None else {"prefix_length": given}
    return Shown(cells[: len(source)], labels, cells[len(source) :])


def masked_kinds(rows: pa.Table, vocabulary: Vocabulary, config: InstancesConfig) -> tuple[Counts, int, Counts]:
    """Return how often each ``mask_kind`` occurs among chosen tokens (int64, one per kind), the tokens that might have
    been chosen, and the length of each row; clean instances are masked as epoch 0 would be."""
    lengths = pc.list_value_length(rows["input_ids"]).to_numpy().astype(np.int64)
    word_ids = pc.list_flatten(rows["word_ids"]).to_numpy()
    if "mask_kind" in rows.schema.names:
        kinds = pc.list_flatten(rows["mask_kind"]).to_numpy()
    else:
        offsets = np.concatenate(([0], np.cumsum(lengths)))
        ids = pc.list_flatten(rows["input_ids"]).to_numpy()
        flat = Flat(ids, word_ids, offsets, rows["instance_id"].to_numpy())  # coarse masks follow from these
        kinds = mask_batch(flat, config, facts_of(config, vocabulary)).kinds
    return np.bincount(kinds, minlength=len(KINDS)).astype(np.int64), int(np.count_nonzero(word_ids >= 0)), lengths


def _cells(
    row: dict[str, Any],
    vocabulary: Vocabulary,
    config: InstancesConfig,
    epoch: int,
    facts: TokenFacts,
    names: Sequence[str] = (),
) -> list[Cell]:
    ids = np.array(row["input_ids"], np.int64)
    pinyin_ids = np.array(row["pinyin_ids"] if names else [0] * len(ids))
    if "masked_lm_positions" in row:
        inputs, positions, labels, kinds = ids, row["masked_lm_positions"], row["masked_lm_ids"], row["mask_kind"]
    else:
        flat = Flat(ids, np.array(row["word_ids"]), np.array([0, len(ids)]), np.array([row["instance_id"]]))
        masked = mask_batch(flat, config, facts, epoch)
        pinyin_ids = mask_pinyin_ids(pinyin_ids, flat, masked, config, facts, epoch) if names else pinyin_ids
        inputs, positions = masked.input_ids, masked.positions.tolist()
        labels, kinds = masked.labels.tolist(), masked.kinds.tolist()
    chosen = dict(zip(positions, zip(labels, kinds, strict=True), strict=True))
    segments = row.get("token_type_ids") or [0] * len(ids)
    cells = []
    columns = zip(inputs.tolist(), row["word_ids"], segments, pinyin_ids.tolist(), strict=True)
    for place, (token, word, segment, pinyin_id) in enumerate(columns):
        label, kind = chosen.get(place, (None, 0))
        if label is not None and config.replacing == "shuffle":
            label = int(inputs[label])  # a place: what stands there belongs here
        said = "" if label is None else vocabulary.shown[label]
        heard = names[pinyin_id] if names else ""
        cells.append(Cell(vocabulary.shown[token], said, word, kind, segment, heard))
    return cells
