"""Split documents into training and validation by what they say.

In: documents. Out: which of them belong. The hash of the text decides, so that equal documents fall on the
same side wherever they stand.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import pyarrow as pa

from zhprep.instances.config import InstancesConfig
from zhprep.instances.ragged import Bools


def in_split(documents: pa.RecordBatch, config: InstancesConfig) -> Bools:
    """Return ``bool[N]``, True for the documents of the split that is asked for."""
    limit = int(config.validation_share * 2**64)
    held_out = np.array([_hash(sentences) < limit for sentences in documents["sentences"].to_pylist()], np.bool_)
    return held_out if config.split == "validation" else ~held_out


def _hash(sentences: list[str]) -> int:
    return int.from_bytes(blake2b("\n".join(sentences).encode(), digest_size=8).digest(), "little")
