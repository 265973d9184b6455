"""Restore the clean instances of which those on disk were made: masks taken off, corruptions undone.

In: a batch of rows. Out: the instances as they were. The target of most corruptions is the text itself; with a prefix
the source is; with sentinels every sentinel of the source is replaced by what the target says of it.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa

from zhprep.core.ragged import Array, Bools, Ints, offsets_of, ranges, rows_of
from zhprep.instances.config import InstancesConfig
from zhprep.instances.masks import CoarseFlat, Flat, Masked, TokenFacts


def restore_masked(batch: pa.RecordBatch, config: InstancesConfig) -> tuple[Flat, Masked | None]:
    """Return the instances as they were before masking, and the masks on disk, if there are any."""
    offsets = rows_of(batch["input_ids"])
    ids = batch["input_ids"].flatten().to_numpy()
    words = batch["word_ids"].flatten().to_numpy()
    flat = Flat(ids, words, offsets, batch["instance_id"].to_numpy(), coarse_of(batch))
    if "masked_lm_positions" not in batch.schema.names:
        return flat, None
    rows = rows_of(batch["masked_lm_positions"])
    begins = np.repeat(offsets[:-1], np.diff(rows))
    positions = begins + batch["masked_lm_positions"].flatten().to_numpy()
    labels = batch["masked_lm_ids"].flatten().to_numpy()
    kinds = batch["mask_kind"].flatten().to_numpy()
    clean = ids.copy()
    inside = positions < len(ids)
    restored = ids[np.minimum(begins + labels, len(ids) - 1)] if config.replacing == "shuffle" else labels
    clean[positions[inside]] = restored[inside]
    masked = Masked(ids, positions, rows, labels, kinds)
    if flat.coarse is None:
        return dataclasses.replace(flat, input_ids=clean), masked
    coarse, chosen = _restore_coarse(batch, flat.coarse)
    return dataclasses.replace(flat, input_ids=clean, coarse=coarse), dataclasses.replace(masked, coarse=chosen)


def coarse_of(batch: pa.RecordBatch) -> CoarseFlat | None:
    """Return the coarse tokens of a batch as they are in it, if it has any."""
    if "coarse_input_ids" not in batch.schema.names:
        return None
    ids, offsets = _list(batch, "coarse_input_ids")
    return CoarseFlat(ids, _list(batch, "coarse_of")[0], offsets)


def _restore_coarse(batch: pa.RecordBatch, coarse: CoarseFlat) -> tuple[CoarseFlat, Masked]:
    """Return the coarse tokens as they were, and their masks; what was done with each is not on disk (0)."""
    places, rows = _list(batch, "coarse_masked_lm_positions")
    labels = _list(batch, "coarse_masked_lm_ids")[0]
    positions = coarse.offsets[:-1].repeat(np.diff(rows)) + places
    clean = coarse.input_ids.copy()
    inside = positions < len(clean)
    clean[positions[inside]] = labels[inside]
    kinds = np.zeros(len(labels), np.uint8)
    return dataclasses.replace(coarse, input_ids=clean), Masked(coarse.input_ids, positions, rows, labels, kinds)


def coarse_faults(flat: Flat, masked: Masked, facts: TokenFacts) -> dict[str, int]:
    """Return what is wrong with the masks of coarse tokens, by name: how many are masked where their fine tokens are
    not, or not masked where these are."""
    if flat.coarse is None or masked.coarse is None or facts.coarse is None:
        return {}
    owners = flat.coarse.offsets[:-1].repeat(np.diff(flat.offsets)) + flat.coarse.of
    chosen, meant = (np.zeros(len(flat.coarse.input_ids), np.bool_) for _ in range(2))
    chosen[masked.coarse.positions] = True
    meant[owners[masked.positions]] = True
    text = np.zeros_like(chosen)
    text[owners[flat.coarse.of >= 0]] = True
    wrong = int(np.count_nonzero((chosen != meant) & text))
    return {"coarse tokens masked otherwise than their fine tokens": wrong} if wrong else {}


def restore_corrupted(batch: pa.RecordBatch, sentinels: Ints | None = None) -> tuple[Flat, Ints]:
    """Return the clean instances, and which rows they are of; with ``sentinels`` spans were replaced by these.

    Rows whose sentinels or words do not match are left out.
    """
    source, offsets = _list(batch, "input_ids")
    labels, label_offsets = _list(batch, "labels")
    word_ids, word_offsets = _list(batch, "clean_word_ids")
    if "prefix_length" in batch.schema.names:
        ids, sizes = source, np.diff(offsets)
    elif sentinels is None:
        ids, sizes = labels, np.diff(label_offsets)
    else:
        ids, sizes = _filled(source, offsets, labels, label_offsets, sentinels)
    good = np.flatnonzero(sizes == np.diff(word_offsets))
    begins = offsets_of(np.maximum(sizes, 0))[:-1]
    ids = ids[ranges(begins[good], sizes[good])]
    word_ids = word_ids[ranges(word_offsets[:-1][good], sizes[good])]
    return Flat(ids, word_ids, offsets_of(sizes[good]), batch["instance_id"].to_numpy()[good]), good


def _list(batch: pa.RecordBatch, name: str) -> tuple[Array, Ints]:
    """Return the values ``[N]`` of a list column and the offsets ``int64[B + 1]`` of its rows."""
    return batch[name].flatten().to_numpy(), rows_of(batch[name])


def _filled(source: Array, offsets: Ints, labels: Array, label_offsets: Ints, sentinels: Ints) -> tuple[Array, Ints]:
    """Return the sources with the spans of the targets in the place of sentinels, ``[T]``, and the size of each,
    ``int64[B]``: -1 where they do not match (it then has no tokens)."""
    holes, marks = np.flatnonzero(np.isin(source, sentinels)), np.flatnonzero(np.isin(labels, sentinels))
    n_holes, n_marks = np.diff(np.searchsorted(holes, offsets)), np.diff(np.searchsorted(marks, label_offsets))
    good = n_marks == n_holes + 1
    good &= _in_turn(source[holes], n_holes, sentinels) & _in_turn(labels[marks], n_marks, sentinels)
    ends = np.append(marks[1:], len(labels))
    last = np.cumsum(n_marks) - 1
    inner = np.ones(len(marks), np.bool_)
    inner[last[n_marks > 0]] = False  # what follows the last sentinel is no span
    starts, sizes = np.arange(len(source)), np.ones(len(source), np.int64)
    holes = holes[np.repeat(good, n_holes)]
    spans = inner & np.repeat(good, n_marks)
    starts[holes] = len(source) + marks[spans] + 1
    sizes[holes] = (ends - marks - 1)[spans]
    sizes[~np.repeat(good, np.diff(offsets))] = 0
    ids = np.concatenate([source, labels])[ranges(starts, sizes)]
    lengths = np.diff(offsets_of(sizes)[offsets])
    return ids, np.where(good, lengths, -1)


def _in_turn(found: Array, counts: Ints, sentinels: Ints) -> Bools:
    """Return True for the rows (``counts`` ``int64[B]`` of the ids ``found``) whose sentinels are the first ones, in
    order: ``bool[B]``."""
    numbers = np.arange(len(found)) - np.repeat(np.cumsum(counts) - counts, counts)
    right = sentinels[np.minimum(numbers, len(sentinels) - 1)] == found
    matching: Bools = np.diff(offsets_of(right)[offsets_of(counts)]) == counts
    return matching


def special_in_text(batch: pa.RecordBatch, config: InstancesConfig, facts: TokenFacts) -> int:
    """Return how many tokens of the text (``special_tokens_mask`` is 0) are special tokens, masks undone."""
    if facts.never_text is None:
        return 0
    never = facts.never_text.copy()
    if "labels" in batch.schema.names:  # a source: what was put in for a span stands there for text
        never[facts.mask] = False
        never[facts.sentinels if facts.sentinels is not None else []] = False
        ids = batch["input_ids"].flatten().to_numpy()
    else:
        ids = restore_masked(batch, config)[0].input_ids
    special = batch["special_tokens_mask"].flatten().to_numpy()
    return int(np.count_nonzero(never.take(ids, mode="clip") & (special == 0)))
