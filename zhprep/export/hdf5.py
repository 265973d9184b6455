"""HDF5 files as NVIDIA's BERT reads them (DeepLearningExamples, ``run_pretraining.py``).

In: instances. Out: one ``.hdf5`` per shard, gzip, with Google's features but the weights, padded; masks as for
``tfrecord``. Needs h5py.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from zhprep.core.ragged import Array
from zhprep.core.registry import require
from zhprep.core.shards import committed
from zhprep.export.padded import Sizes, facts, kept, padded_shards, sizes_of
from zhprep.export.source import ROWS, Data

TYPES = {
    "input_ids": "i4", "input_mask": "i1", "segment_ids": "i1", "masked_lm_positions": "i4", "masked_lm_ids": "i4",
    "next_sentence_labels": "i1",
}  # fmt: skip


def export(source: Path, out: Path) -> list[str]:
    """Write the instances of ``source`` into ``out``; return the names of the files.

    Raises ``UsageError`` without h5py, for packed instances and for those that predict places.
    """
    h5py = require("h5py", purpose="export to hdf5", install="h5py")
    data = Data.at(source)
    sizes = sizes_of(data)
    names = []
    for name, parts in padded_shards(data, sizes):
        names.append(f"{name}.hdf5")
        # In memory, packed as it will be: a file of its own that cannot be written ends the process (h5py 3.16).
        with h5py.File(name, "w", driver="core", backing_store=False) as target:
            _fill(_datasets(target, sizes), parts)
            target.flush()
            image: bytes = target.id.get_file_image()
        with committed(out / names[-1]) as file:
            file.write(image)
    return data.record(out, names, kept(data), **facts(data, sizes))


def _datasets(target: Any, sizes: Sizes) -> dict[str, Any]:
    widths = {"next_sentence_labels": (), "masked_lm_positions": (sizes.max_predictions,)}
    widths["masked_lm_ids"] = widths["masked_lm_positions"]
    made = {}
    for name, kind in TYPES.items():
        width = widths.get(name, (sizes.max_length,))
        layout = {"maxshape": (None, *width), "chunks": (ROWS, *width), "compression": "gzip"}
        made[name] = target.create_dataset(name, (0, *width), dtype=kind, **layout)
    return made


def _fill(datasets: dict[str, Any], parts: Iterable[dict[str, Array]]) -> None:
    """Append features (``[B, …]`` each) to data sets of their names."""
    for features in parts:
        for name, dataset in datasets.items():
            values = features[name].reshape(len(features[name]), *dataset.shape[1:])
            begin = dataset.shape[0]
            dataset.resize(begin + len(values), axis=0)
            dataset[begin:] = values
