"""Megatron's indexed dataset (Megatron-LM, ``core/datasets/indexed_dataset.py``).

In: instances. Out: ``data.bin``, the token ids end to end, and ``data.idx``, which says where each sequence lies. A
sequence, and a document, is one clean instance, special tokens included, without padding; static duplicates are left
out.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from zhprep.core.ragged import Ints, offsets_of
from zhprep.core.shards import committed
from zhprep.export.source import Data, ragged

MAGIC = b"MMIDIDX\x00\x00"
_INT32, _UINT16 = (4, np.dtype("<i4")), (8, np.dtype("<u2"))  # their codes of the types
_SMALL = 65_500
"""Vocabularies below this have ids of 16 bits."""


def export(source: Path, out: Path) -> list[str]:
    """Write the instances of ``source`` into ``out``; return the names of the files.

    Raises ``UsageError`` for instances that predict places.
    """
    data = Data.at(source)
    data.check_plain("an indexed dataset")
    code, kind = _UINT16 if data.vocabulary.size < _SMALL else _INT32
    sizes = [np.zeros(0, np.int64)]
    with committed(out / "data.bin") as file:
        for _, batches in data.shards():
            for batch in batches:
                input_ids, offsets = ragged(data.clean(batch), "input_ids")
                file.write(input_ids.astype(kind).tobytes())
                sizes.append(np.diff(offsets).astype(np.int32))
    with committed(out / "data.idx") as file:
        file.write(index(np.concatenate(sizes), code, kind.itemsize))
    return data.record(out, ["data.bin", "data.idx"], ["input_ids"], masks="none")


def index(sizes: Ints, code: int, item_size: int) -> bytes:
    """Return an index of sequences of these sizes, each a document of its own."""
    head = MAGIC + struct.pack("<QBQQ", 1, code, len(sizes), len(sizes) + 1)
    pointers = offsets_of(sizes)[:-1] * item_size
    parts = (sizes.astype("<i4"), pointers.astype("<i8"), np.arange(len(sizes) + 1, dtype="<i8"))
    return head + b"".join(part.tobytes() for part in parts)
