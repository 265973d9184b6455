"""Masks on disk: the columns that static instances have more than clean ones.

In: clean instances and the number of the duplicate. Out: list columns. Duplicate *k* has just the masks that a collator
draws in epoch *k*.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from zhprep.instances.columns import lists
from zhprep.instances.config import InstancesConfig
from zhprep.instances.drawing import TokenFacts
from zhprep.instances.masking import Flat, mask_batch


def masked_columns(flat: Flat, config: InstancesConfig, facts: TokenFacts, dupe: int) -> dict[str, pa.Array]:
    """Return ``input_ids`` after masking, ``masked_lm_positions``, ``masked_lm_ids``, ``mask_kind`` and ``dupe``."""
    masked = mask_batch(flat, config, facts, dupe)
    places = masked.positions - np.repeat(flat.offsets[:-1], np.diff(masked.offsets))
    return {
        "input_ids": lists(masked.input_ids, flat.offsets),
        "masked_lm_positions": lists(places.astype(np.uint16), masked.offsets),
        "masked_lm_ids": lists(masked.labels.astype(flat.input_ids.dtype), masked.offsets),
        "mask_kind": lists(masked.kinds, masked.offsets),
        "dupe": pa.array(np.full(len(flat.instance_ids), dupe, np.uint16)),
    }
