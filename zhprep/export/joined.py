"""Numbers as text, many rows at once.

In: flat numbers with offsets. Out: Arrow strings, one per row, made without a Python object per number.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhprep.core.ragged import Array, Ints


def joined(values: Array, offsets: Ints, separator: str) -> pa.Array:
    """Return, per row, its decimal numbers with ``separator`` between them."""
    words = pa.array(values).cast(pa.string())
    return pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), words), separator)


def line_bytes(parts: list[pa.Array | str]) -> bytes:
    """Return the rows of all ``parts`` put together (a ``str`` is the same in every row), each with a line feed."""
    arrays = [part if isinstance(part, pa.Array) else pa.scalar(part) for part in [*parts, "\n"]]
    lines = pc.binary_join_element_wise(*arrays, "")
    return "".join(lines.to_pylist()).encode()
