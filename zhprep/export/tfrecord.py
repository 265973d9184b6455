"""TFRecord files with the seven features of Google's BERT (google-research/bert, ``create_pretraining_data.py``).

In: instances. Out: one ``.tfrecord`` per shard, padded. Masks on disk are kept; clean instances, which such a file
cannot hold, get the masks of epoch 0, so that every epoch over the file has these: make the instances with --static and
--dupe-factor for more. Read them with ``--max_seq_length`` and ``--max_predictions_per_seq`` of ``export.json``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from zhprep.core.ragged import Ints
from zhprep.core.shards.commit import committed
from zhprep.export.crc32c import masked_crc32c
from zhprep.export.example import examples
from zhprep.export.padded import facts, kept, padded_shards, sizes_of
from zhprep.export.source import Data

_HEAD, _FOOT = 12, 4  # length and its checksum; the checksum of the message


def export(source: Path, out: Path) -> list[str]:
    """Write the instances of ``source`` into ``out``; return the names of the files.

    Raises ``UsageError`` for packed instances and for those that predict places, which have no place in the features.
    """
    data = Data.at(source)
    sizes = sizes_of(data)
    names = []
    for name, parts in padded_shards(data, sizes):
        names.append(f"{name}.tfrecord")
        with committed(out / names[-1]) as file:
            for features in parts:
                file.write(framed(*examples(features).joined()))
    return data.record(out, names, kept(data), **facts(data, sizes))


def framed(messages: npt.NDArray[np.uint8], offsets: Ints) -> bytes:
    """Return messages as TFRecord has them: length (uint64), its checksum, the message, its checksum."""
    lengths = np.diff(offsets)
    heads = np.zeros((len(lengths), _HEAD), np.uint8)
    heads[:, :8] = lengths.astype("<u8").view(np.uint8).reshape(-1, 8)
    heads[:, 8:] = _bytes(masked_crc32c(heads[:, :8].ravel(), np.arange(len(lengths) + 1) * 8))
    framing = np.arange(len(lengths)) * (_HEAD + _FOOT)
    begins, ends = offsets[:-1] + framing, offsets[1:] + framing + _HEAD
    result = np.empty(len(messages) + len(lengths) * (_HEAD + _FOOT), np.uint8)
    is_message = np.ones(len(result), np.bool_)
    for starts, content in ((begins, heads), (ends, _bytes(masked_crc32c(messages, offsets)))):
        places = starts[:, None] + np.arange(content.shape[1])
        result[places] = content
        is_message[places] = False
    result[is_message] = messages
    return result.tobytes()


def _bytes(checksums: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint8]:
    """Return checksums (``uint32[B]``) as bytes, ``uint8[B, 4]``."""
    return np.ascontiguousarray(checksums, "<u4").view(np.uint8).reshape(-1, _FOOT)
