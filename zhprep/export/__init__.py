"""Other programs' formats: in, a folder that zhprep made; out, files that they read unchanged.

Each format is ``export(source, out) -> names of the files written``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from zhprep.export import chinesebert, ernie, hdf5, jsonl, mds, megatron, parquet, tfrecord, transformers

EXPORTS: dict[str, Callable[[Path, Path], list[str]]] = {
    "parquet": parquet.export,
    "jsonl": jsonl.export,
    "tfrecord": tfrecord.export,
    "hdf5": hdf5.export,
    "megatron": megatron.export,
    "mds": mds.export,
    "ernie": ernie.export,
    "chinesebert": chinesebert.export,
    "transformers": transformers.export,
}
