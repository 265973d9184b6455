"""Make Arrow columns out of numpy arrays, without copying.

In: flat values and offsets. Out: list columns and record batches of the ``instances`` table.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from zhprep.core import schema
from zhprep.core.ragged import Array, Ints


def lists(values: Array, offsets: Ints) -> pa.ListArray:
    """Return a list column whose rows are ``values[offsets[i]:offsets[i + 1]]``."""
    return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), pa.array(values))


def record_batch(columns: dict[str, pa.Array], ids: pa.DataType) -> pa.RecordBatch:
    """Return a batch of the ``instances`` table with just these columns, in the order of the schema."""
    layout = schema.instances(list(columns), ids)
    return pa.RecordBatch.from_arrays([columns[name] for name in layout.names], schema=layout)
