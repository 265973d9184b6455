"""The lines of ERNIE's pretraining reader (PaddlePaddle/ERNIE r2.0, ``reader/pretraining.py``).

In: instances. Out: one ``.gz`` per shard with lines ``token_ids;sent_ids;pos_ids;seg_labels;label``. ``seg_labels`` is
0 where a word begins, 1 inside it, -1 on special tokens; ``label`` is 1 for a pair in its own order, 0 for a made one,
which is the other way round than in BERT. Their reader masks by words itself, so the ids are clean and static
duplicates are left out; and it wants a list of files, ``path<TAB>chance of masking by words``: ``filelist`` has 1.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa

from zhprep.core.ragged import Array, Ints, ranges
from zhprep.core.shards import committed
from zhprep.export.joined import joined, line_bytes
from zhprep.export.source import Data, plain, ragged


def export(source: Path, out: Path) -> list[str]:
    """Write the instances of ``source`` into ``out``; return the names of the files.

    Raises ``UsageError`` for packed instances and for those that predict places.
    """
    data = Data.at(source)
    data.check_plain("ERNIE's reader")
    names = []
    for name, batches in data.shards():
        names.append(f"{name}.gz")
        with committed(out / names[-1]) as file, gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
            for batch in batches:
                packed.write(_lines(data, data.clean(batch)))
    with committed(out / "filelist") as file:
        file.write("".join(f"{name}\t1\n" for name in names).encode())
    return data.record(out, [*names, "filelist"], ["input_ids", "token_type_ids", "word_ids", data.label], masks="none")


def seg_labels(word_ids: Array, offsets: Ints) -> Array:
    """Return int8 ``[T]``: -1 on special tokens, 0 where a word begins, 1 inside it."""
    inside = np.zeros(len(word_ids), np.bool_)
    inside[1:] = word_ids[1:] == word_ids[:-1]
    inside[offsets[:-1][np.diff(offsets) > 0]] = False
    return np.where(word_ids < 0, -1, inside).astype(np.int8)


def _lines(data: Data, batch: pa.RecordBatch) -> bytes:
    input_ids, offsets = ragged(batch, "input_ids")
    paired = "token_type_ids" in data.columns
    columns = [
        input_ids,
        ragged(batch, "token_type_ids")[0] if paired else np.zeros(len(input_ids), np.uint8),
        ranges(np.zeros(len(batch), np.int64), np.diff(offsets)),
        seg_labels(ragged(batch, "word_ids")[0], offsets),
    ]
    made = plain(batch, data.label) if data.label else np.zeros(len(batch), np.uint8)
    parts: list[pa.Array | str] = []
    for values in columns:
        parts += [joined(values, offsets, " "), ";"]
    return line_bytes([*parts, pa.array(1 - made.astype(np.int8)).cast(pa.string())])
