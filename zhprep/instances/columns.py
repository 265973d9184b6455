"""Make Arrow columns out of numpy arrays, without copying.

In: flat values and offsets. Out: list columns and record batches of the ``instances`` table.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from zhprep.core import schema
from zhprep.instances.config import InstancesConfig
from zhprep.instances.formats import COLUMNS
from zhprep.instances.ragged import Array, Ints

ALWAYS = ("input_ids", "word_ids", "special_tokens_mask", "instance_id")
STATIC = ("masked_lm_positions", "masked_lm_ids", "mask_kind", "dupe")


def columns_of(config: InstancesConfig) -> list[str]:
    """Return the columns of the instances that ``config`` makes."""
    return [*ALWAYS, *COLUMNS[config.format], *(STATIC if config.static else ())]


def lists(values: Array, offsets: Ints) -> pa.ListArray:
    """Return a list column whose rows are ``values[offsets[i]:offsets[i + 1]]``."""
    return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), pa.array(values))


def record_batch(columns: dict[str, pa.Array], ids: pa.DataType) -> pa.RecordBatch:
    """Return a batch of the ``instances`` table with just these columns, in the order of the schema."""
    layout = schema.instances(list(columns), ids)
    return pa.RecordBatch.from_arrays([columns[name] for name in layout.names], schema=layout)
