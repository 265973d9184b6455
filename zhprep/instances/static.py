"""Masks and corruptions on disk: the columns that static instances have more than clean ones, or instead of them.

In: clean instances and the number of the duplicate. Out: list columns. Duplicate *k* has just the masks, or the
corruption, that a collator draws in epoch *k*.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from zhprep.core.ragged import Array
from zhprep.instances.columns import lists
from zhprep.instances.corruptions.corrupted import Corrupted
from zhprep.instances.masks.masking import Flat, Masked


def masked_columns(
    flat: Flat, masked: Masked, dupe: int, ids: pa.DataType, sounds: Array | None
) -> dict[str, pa.Array]:
    """Return ``input_ids`` after masking, ``masked_lm_positions``, ``masked_lm_ids``, ``mask_kind`` and ``dupe``, and
    ``pinyin_ids`` if there are ``sounds``."""
    places = masked.positions - np.repeat(flat.offsets[:-1], np.diff(masked.offsets))
    columns = {
        "input_ids": lists(masked.input_ids, flat.offsets),
        "masked_lm_positions": lists(places.astype(np.uint16), masked.offsets),
        "masked_lm_ids": lists(masked.labels.astype(ids.to_pandas_dtype()), masked.offsets),
        "mask_kind": lists(masked.kinds, masked.offsets),
        "dupe": pa.array(np.full(len(flat.instance_ids), dupe, np.uint16)),
    }
    return columns if sounds is None else columns | {"pinyin_ids": lists(sounds, flat.offsets)}


def corrupted_columns(flat: Flat, corrupted: Corrupted, dupe: int, ids: pa.DataType) -> dict[str, pa.Array]:
    """Return the columns of the instances ``flat`` after they were corrupted, all of them."""
    columns = {
        "input_ids": lists(corrupted.input_ids, corrupted.offsets),
        "special_tokens_mask": lists((corrupted.word_ids < 0).astype(np.uint8), corrupted.offsets),
        "labels": lists(corrupted.labels.astype(ids.to_pandas_dtype()), corrupted.label_offsets),
        "clean_word_ids": lists(flat.word_ids, flat.offsets),
        "instance_id": pa.array(flat.instance_ids),
        "dupe": pa.array(np.full(len(flat.instance_ids), dupe, np.uint16)),
    }
    if corrupted.prefix_lengths is None:
        return columns
    return columns | {"prefix_length": pa.array(corrupted.prefix_lengths.astype(np.uint16))}
