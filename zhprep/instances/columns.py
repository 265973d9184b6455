"""The columns of instances: clean ones, and what static ones have more than these, or instead of them.

In: instances as flat arrays, and of static ones the number of the duplicate. Out: list columns, and record batches of
the ``instances`` table. Duplicate *k* has just the masks, or the corruption, that a collator draws in epoch *k*.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from zhprep.core import arrow, schema
from zhprep.core.ragged import Array, Ints
from zhprep.instances.corruptions import Corrupted
from zhprep.instances.layout import Assembled, Pieces
from zhprep.instances.masks import Flat, Masked


def lists(values: Array, offsets: Ints) -> pa.ListArray:
    """Return a list column whose rows are ``values[offsets[i]:offsets[i + 1]]``."""
    return arrow.lists_of(offsets, arrow.array_of(values))


def record_batch(columns: dict[str, pa.Array], ids: pa.DataType) -> pa.RecordBatch:
    """Return a batch of the ``instances`` table with just these columns, in the order of the schema."""
    layout = schema.instances(list(columns), ids)
    return pa.RecordBatch.from_arrays([columns[name] for name in layout.names], schema=layout)


def clean_columns(assembled: Assembled, pieces: Pieces, instance_ids: Ints) -> dict[str, pa.Array]:
    """Return the columns of clean instances."""
    return {
        "input_ids": lists(assembled.input_ids, assembled.offsets),
        "word_ids": lists(assembled.word_ids, assembled.offsets),
        "special_tokens_mask": lists(assembled.special_tokens_mask, assembled.offsets),
        "instance_id": arrow.array_of(instance_ids),
        **{name: lists(*values) for name, values in assembled.lists.items()},
        **{name: arrow.array_of(values) for name, values in pieces.labels.items()},
    }


def masked_columns(
    flat: Flat, masked: Masked, dupe: int, ids: pa.DataType, pinyin_ids: Array | None
) -> dict[str, pa.Array]:
    """Return ``input_ids`` after masking, ``masked_lm_positions``, ``masked_lm_ids``, ``mask_kind`` and ``dupe``, the
    first three of coarse tokens too, and ``pinyin_ids``, if there are any."""
    places = _places(masked, flat.offsets)
    columns = {
        "input_ids": lists(masked.input_ids, flat.offsets),
        "masked_lm_positions": lists(places.astype(np.uint16), masked.offsets),
        "masked_lm_ids": lists(masked.labels.astype(ids.to_pandas_dtype()), masked.offsets),
        "mask_kind": lists(masked.kinds, masked.offsets),
        "dupe": arrow.array_of(np.full(len(flat.instance_ids), dupe, np.uint16)),
    }
    if flat.coarse is not None and masked.coarse is not None:
        chosen = masked.coarse
        places = _places(chosen, flat.coarse.offsets)
        columns |= {
            "coarse_input_ids": lists(chosen.input_ids.astype(np.int32), flat.coarse.offsets),
            "coarse_masked_lm_positions": lists(places.astype(np.uint16), chosen.offsets),
            "coarse_masked_lm_ids": lists(chosen.labels.astype(np.int32), chosen.offsets),
        }
    return columns if pinyin_ids is None else columns | {"pinyin_ids": lists(pinyin_ids, flat.offsets)}


def _places(masked: Masked, offsets: Ints) -> Ints:
    """Return where in its instance each chosen token is, ``int64[M]``; instances begin at ``offsets``."""
    places: Ints = masked.positions - np.repeat(offsets[:-1], np.diff(masked.offsets))
    return places


def corrupted_columns(flat: Flat, corrupted: Corrupted, dupe: int, ids: pa.DataType) -> dict[str, pa.Array]:
    """Return the columns of the instances ``flat`` after they were corrupted, all of them."""
    columns = {
        "input_ids": lists(corrupted.input_ids, corrupted.offsets),
        "special_tokens_mask": lists((corrupted.word_ids < 0).astype(np.uint8), corrupted.offsets),
        "labels": lists(corrupted.labels.astype(ids.to_pandas_dtype()), corrupted.label_offsets),
        "clean_word_ids": lists(flat.word_ids, flat.offsets),
        "instance_id": arrow.array_of(flat.instance_ids),
        "dupe": arrow.array_of(np.full(len(flat.instance_ids), dupe, np.uint16)),
    }
    if corrupted.prefix_lengths is None:
        return columns
    return columns | {"prefix_length": arrow.array_of(corrupted.prefix_lengths.astype(np.uint16))}
