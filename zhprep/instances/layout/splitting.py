"""Split documents into training and validation by what they say.

In: documents. Out: which of them are for validation. The hash of the text decides, so that equal documents fall on the
same side wherever they stand. With ``split = "apart"`` both sides are made, from documents of their own: no text of
a validation instance is in a training instance, not even as a random next segment. Their numbers tell them apart.
"""

from __future__ import annotations

from hashlib import blake2b
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.core.corpus.formats import bytes_of
from zhprep.core.ragged import Bools

VALIDATION = 1 << 31
"""The first number, within its block, of the validation instances of data whose split is ``apart``."""


def for_validation(documents: pa.RecordBatch, share: float) -> Bools:
    """Return ``bool[N]``, True for the documents that are for validation."""
    lists = documents["sentences"]
    utf8, borders = bytes_of(lists.values)
    edges = borders[lists.offsets.to_numpy()].tolist()
    text, limit = memoryview(utf8), int(share * 2**64)
    return np.array([_hash(text[start:stop]) < limit for start, stop in pairwise(edges)], np.bool_)


def is_validation(instance_ids: npt.NDArray[np.int64]) -> Bools:
    """Return which instances were made apart, for validation."""
    return (instance_ids & VALIDATION) > 0


def _hash(text: memoryview) -> int:
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "little")
