"""Masks on disk: the columns that static instances have more than clean ones.

In: clean instances and the number of the duplicate. Out: list columns. Duplicate *k* has just the masks that a collator
draws in epoch *k*.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from zhprep.instances.columns import lists
from zhprep.instances.masking import Flat, Masked
from zhprep.instances.ragged import Array


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
